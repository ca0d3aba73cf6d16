import { dialogOfResponse, nextHop, requestInside } from "../dialog/dialog.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { SessionHost } from "./host.ts";

/**
 * Ends a dialog that a 2xx has made and that nobody wants (RFC 3261 13.2.2.4): ACK, then BYE. The function given back sends
 * the ACK again, for each repetition of the 2xx.
 * @param invite as it was sent
 */
export function dismiss(
  host: Pick<SessionHost, "request" | "sendAck" | "userAgent">,
  invite: SipRequest,
  response: SipResponse,
): () => void {
  const dialog = dialogOfResponse(invite, response);
  if (dialog === undefined) return () => undefined;
  const { request: ack } = requestInside(dialog, "ACK", invite.cseq?.sequence ?? 1);
  const to = { uri: nextHop(dialog) };
  const acknowledge = (): void => host.sendAck(ack, to);
  acknowledge();
  const { request: bye } = requestInside(dialog, "BYE");
  bye.headers.append("User-Agent", host.userAgent);
  host.request(bye, to, { onFinal: () => undefined });
  return acknowledge;
}
