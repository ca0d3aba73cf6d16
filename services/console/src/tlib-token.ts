import type { AccessTokenMint } from "@sidetone/access-token";
import type { GrantConfig } from "@sidetone/config";
import { type Logger, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { admitted, type Doorkeeping } from "./admission.ts";
import type { Visitor } from "./authentication.ts";

/** Why nobody gets a token where no key is configured. */
export const liveViewOff = {
  detail: "The live view of calls is off: console.token-secret is not set.",
  remedy: "Give sip-server and console the same token-secret (openssl rand -hex 32); in one process neither needs one.",
} as const;

/** What `POST /api/v1/tlib-token` answers with. */
export interface TlibTokenAnswer {
  /** For `AccessToken` of `SessionOpen`. */
  readonly token: string;
  /** RFC 3339; a session that was opened until then lives on. */
  readonly expiresAt: string;
  readonly user: string;
  readonly grants: readonly GrantConfig[];
  /** The workspace reminds of a recording that is paused for so long; ms. */
  readonly pauseReminderMs: number;
}

/** What the token's path works with. */
export interface TlibTokenOptions extends Doorkeeping {
  /** Undefined where no key is configured. */
  readonly mint: AccessTokenMint | undefined;
  readonly pauseReminderMs: number;
  readonly log: Logger;
}

/** Adds `POST /api/v1/tlib-token`: a token with which the user who asks opens a T-Library session (tlib-wire.md, "Rights"). */
export function registerTlibToken(app: FastifyInstance, o: TlibTokenOptions): void {
  app.post("/api/v1/tlib-token", async (request, reply): Promise<TlibTokenAnswer> => {
    void reply.header("cache-control", "no-store");
    const { name: user, grants } = person(
      await admitted(request, o, {
        permission: ["live", "workspace"],
        action: "workspace",
        detail: { asked: "token" },
      }),
    );
    if (o.mint === undefined) {
      throw new SidetoneError("live-view-off", liveViewOff.detail, { http: 503, remedy: liveViewOff.remedy });
    }
    if (grants.length === 0) {
      throw new SidetoneError("no-grants", `User ${user} may see no DN live.`, {
        http: 403,
        remedy: `Give ${user} DNs on the page Users, or grants in console.users.`,
      });
    }
    o.log.info({ user }, "a T-Library token was given out");
    return { ...o.mint.mint(user, grants), user, grants, pauseReminderMs: o.pauseReminderMs };
  });
}

function person(visitor: Visitor): Visitor {
  if (visitor.kind !== "program") return visitor;
  throw new SidetoneError("not-a-person", "Access tokens are for people.", {
    http: 403,
    remedy: "A program opens its session as an application of sip-server.applications.",
  });
}
