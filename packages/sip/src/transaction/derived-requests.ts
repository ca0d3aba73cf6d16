import { Headers, SipRequest } from "../message/index.ts";
import type { SipResponse } from "../message/index.ts";

/** RFC 3261 17.1.1.3: the ACK of a 3xx-6xx response belongs to the INVITE's transaction. */
export function ackOfFailure(invite: SipRequest, response: SipResponse): SipRequest {
  return sameTransaction(invite, "ACK", response.headers.get("To"));
}

/** RFC 3261 9.1: the CANCEL of a request. */
export function cancelOf(request: SipRequest, extra: readonly (readonly [string, string])[] = []): SipRequest {
  const cancel = sameTransaction(request, "CANCEL", undefined);
  for (const [name, value] of extra) cancel.headers.append(name, value);
  return cancel;
}

function sameTransaction(request: SipRequest, method: string, to: string | undefined): SipRequest {
  const from = request.headers;
  const headers = new Headers();
  const via = from.list("Via")[0];
  if (via !== undefined) headers.append("Via", via);
  for (const route of from.all("Route")) headers.append("Route", route);
  headers.append("Max-Forwards", "70");
  headers.append("From", from.get("From") ?? "");
  headers.append("To", to ?? from.get("To") ?? "");
  headers.append("Call-ID", from.get("Call-ID") ?? "");
  headers.append("CSeq", `${request.cseq?.sequence ?? 0} ${method}`);
  return new SipRequest(method, request.uri, headers);
}
