import { type Clock, fail, type Result } from "@sidetone/foundation";
import { type AccessClaims, readClaims } from "./claims.ts";
import { lifetimeS, maxAheadS } from "./limits.ts";
import { openSigned } from "./signed.ts";

/** Judges tokens that a client shows. */
export class AccessTokenVerifier {
  readonly #secret: string;
  readonly #clock: Pick<Clock, "wallMicros">;

  /** @param o.secret shared with the console */
  constructor(o: { readonly secret: string; readonly clock: Pick<Clock, "wallMicros"> }) {
    this.#secret = o.secret;
    this.#clock = o.clock;
  }

  /** The claims of a token that is ours, for SIP Server, and valid now; else why not, in words for a log. */
  verify(token: string): Result<AccessClaims> {
    const payload = openSigned(token, this.#secret);
    if (!payload.ok) return payload;
    const claims = readClaims(payload.value);
    if (!claims.ok) return claims;
    const { issuedAt, expiresAt } = claims.value;
    const now = this.#clock.wallMicros() / 1e6;
    if (now >= expiresAt) return fail(`it expired ${Math.floor(now - expiresAt)} s ago`);
    if (issuedAt > now + maxAheadS)
      return fail("it was issued in the future: the clocks of console and SIP Server differ");
    if (expiresAt - issuedAt > lifetimeS) return fail(`it is valid for longer than ${lifetimeS} s`);
    return claims;
  }
}
