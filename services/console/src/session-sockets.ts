import type { UpgradeHandler } from "@sidetone/http";
import type { Sessions } from "./accounts/sessions.ts";
import { sessionCookie } from "./guard.ts";

/**
 * Ends a WebSocket with the session of the browser that opened it, though the protocol inside has a log-in of its own. Who sends no cookie, as
 * programs do, is left to that one.
 */
export function endWithSession(take: UpgradeHandler, sessions: Pick<Sessions, "use" | "attach">): UpgradeHandler {
  return (request, socket, head) => {
    const refusal = take(request, socket, head);
    const token = tokenOf(request.headers.cookie);
    if (refusal !== undefined || token === undefined) return refusal;
    const end = (): void => void socket.destroy();
    sessions.use(token).then((session) => {
      if (session === undefined) return end();
      socket.once("close", sessions.attach(session.tokenHash, end));
      return undefined;
    }, end);
    return undefined;
  };
}

/** RFC 6265 5.4: `name=value; name=value`. The token has no character that would be quoted. */
function tokenOf(header = ""): string | undefined {
  const start = `${sessionCookie}=`;
  const found = header.split(";").find((pair) => pair.trimStart().startsWith(start));
  return found?.trim().slice(start.length);
}
