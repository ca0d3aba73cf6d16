import { requestInside } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { RequestOptions } from "../endpoint/types.ts";
import type { SipRequest } from "../message/index.ts";
import { fill } from "./session-core.ts";
import type { SessionCore } from "./session-core.ts";

/**
 * RFC 3261 13.2.2.4: sends the ACK of a 2xx, with the INVITE's sequence number and credentials. The function given back
 * sends it again, for each repetition of the 2xx.
 */
export function acknowledge(core: SessionCore, dialog: Dialog, invite: SipRequest, o: RequestOptions): () => void {
  const { request: ack } = requestInside(dialog, "ACK", invite.cseq?.sequence ?? 1);
  for (const name of ["Authorization", "Proxy-Authorization"])
    for (const value of invite.headers.all(name)) ack.headers.append(name, value);
  fill(ack, o, "application/sdp");
  const to = core.destination(dialog);
  const send = (): void => core.host.sendAck(ack, to);
  send();
  return send;
}
