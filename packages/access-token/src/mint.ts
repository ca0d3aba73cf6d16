import type { GrantConfig } from "@sidetone/config";
import { type Clock, rfc3339 } from "@sidetone/foundation";
import { writeClaims } from "./claims.ts";
import { lifetimeS } from "./limits.ts";
import { sign } from "./signed.ts";

/** A token, and until when it opens a session. */
export interface MintedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** Makes tokens for people whom the console knows. */
export class AccessTokenMint {
  readonly #secret: string;
  readonly #clock: Pick<Clock, "wallMicros">;

  /** @param o.secret shared with SIP Server, at least 32 characters */
  constructor(o: { readonly secret: string; readonly clock: Pick<Clock, "wallMicros"> }) {
    this.#secret = o.secret;
    this.#clock = o.clock;
  }

  mint(user: string, grants: readonly GrantConfig[]): MintedToken {
    const issuedAt = Math.floor(this.#clock.wallMicros() / 1e6);
    const expiresAt = issuedAt + lifetimeS;
    return {
      token: sign(writeClaims({ user, grants, issuedAt, expiresAt }), this.#secret),
      expiresAt: rfc3339(expiresAt * 1e6),
    };
  }
}
