import type { ServerTransaction } from "../endpoint/types.ts";

/**
 * The flow over which requests inside the dialog should go: the INVITE's own where it came straight from the peer, over
 * TCP, or over UDP from another address than its Contact says (NAT).
 */
export function adjacentFlow(tx: ServerTransaction): ServerTransaction["flow"] | undefined {
  const { request, flow } = tx;
  if (request.headers.list("Via").length !== 1 || request.headers.has("Record-Route")) return undefined;
  if (flow.transport === "tcp") return flow;
  return request.contact?.uri.host === flow.remote.host ? undefined : flow;
}
