import { dialogOfResponse, nextHop, requestInside } from "../dialog/dialog.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { SessionHost } from "./host.ts";

/** RFC 3326: BYE of a dialog whose INVITE was cancelled, or refused to who sent it, before its 2xx came. */
export const REQUEST_TERMINATED = 'SIP;cause=487;text="Request Terminated"';
/** RFC 3326: BYE of a dialog that came second: another 2xx of the same INVITE was taken. */
export const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

/** True for the Reason of a BYE that ends a dialog which its client never took: nothing was sent in it. */
export function isUnwanted(reason: string): boolean {
  return /;\s*cause\s*=\s*487\b/i.test(reason) || reason.toLowerCase().includes("completed elsewhere");
}

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
  bye.headers.append("Reason", REQUEST_TERMINATED);
  host.request(bye, to, { onFinal: () => undefined });
  return acknowledge;
}
