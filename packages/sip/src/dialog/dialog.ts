import { formatNameAddr, formatUri, Headers, parseNameAddr, parseUri, SipRequest } from "../message/index.ts";
import type { NameAddr, SipResponse } from "../message/index.ts";

/** RFC 3261 12: what two user agents share. A value: every change makes a new one. */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** Empty for a peer of RFC 2543 that has none. */
  readonly remoteTag: string;
  /** Our From in requests, their To: header value with tag. */
  readonly local: string;
  readonly remote: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  /** URI of the far side's Contact; Request-URI of our requests. */
  readonly remoteTarget: string;
  /** Route header values in the order of our requests. */
  readonly routeSet: readonly string[];
}

/** What a dialog is found by: Call-ID and both tags. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}|${localTag}|${remoteTag}`;
}

/** The key for a request from the peer (RFC 3261 12.2.2: its To tag is our local one). */
export function keyOfRequest(request: SipRequest): string {
  return dialogKey(request.callId ?? "", request.toTag ?? "", request.fromTag ?? "");
}

/** RFC 3261 12.1.2: the UAC's dialog of a 101-299 response; undefined where the response lacks what makes one. */
export function dialogOfResponse(request: SipRequest, response: SipResponse): Dialog | undefined {
  const contact = response.contact;
  const previous = response.headers.list("Record-Route");
  const local = request.headers.get("From");
  const remote = response.headers.get("To");
  if (local === undefined || remote === undefined || request.callId === undefined) return undefined;
  return {
    callId: request.callId,
    localTag: request.fromTag ?? "",
    remoteTag: response.toTag ?? "",
    local,
    remote,
    localSequence: request.cseq?.sequence ?? 1,
    remoteSequence: undefined,
    remoteTarget: contact === undefined ? request.uri : formatUri(contact.uri),
    routeSet: previous.reverse(),
  };
}

/** RFC 3261 12.1.1: the UAS's dialog; undefined where the request has no Contact. */
export function dialogOfRequest(request: SipRequest, localTag: string): Dialog | undefined {
  const { contact, callId, cseq } = request;
  const remote = request.headers.get("From");
  const to = request.headers.get("To");
  if (contact === undefined || callId === undefined || remote === undefined || to === undefined) return undefined;
  return {
    callId,
    localTag,
    remoteTag: request.fromTag ?? "",
    local: withTag(to, localTag),
    remote,
    localSequence: 0,
    remoteSequence: cseq?.sequence,
    remoteTarget: formatUri(contact.uri),
    routeSet: request.headers.list("Record-Route"),
  };
}

/** RFC 3261 12.2.2: undefined where the request is out of order and must get 500. */
export function received(dialog: Dialog, request: SipRequest): Dialog | undefined {
  const sequence = request.cseq?.sequence ?? 0;
  if (dialog.remoteSequence !== undefined && sequence <= dialog.remoteSequence) return undefined;
  return { ...dialog, remoteSequence: sequence };
}

/** RFC 3261 12.2.1.2, 12.2.2, RFC 3311 5.1: a target refresh moves the remote target. */
export function retargeted(dialog: Dialog, contact: NameAddr | undefined): Dialog {
  if (contact === undefined) return dialog;
  const remoteTarget = formatUri(contact.uri);
  return remoteTarget === dialog.remoteTarget ? dialog : { ...dialog, remoteTarget };
}

/**
 * RFC 3261 12.2.1.1: a request inside the dialog. ACK and CANCEL keep the sequence number given in `sequence`; all
 * others take the next one.
 */
export function requestInside(
  dialog: Dialog,
  method: string,
  sequence?: number,
): { readonly dialog: Dialog; readonly request: SipRequest } {
  const number = sequence ?? dialog.localSequence + 1;
  const { uri, routes } = routing(dialog);
  const headers = new Headers();
  for (const route of routes) headers.append("Route", route);
  headers.append("Max-Forwards", "70");
  headers.append("From", dialog.local);
  headers.append("To", dialog.remote);
  headers.append("Call-ID", dialog.callId);
  headers.append("CSeq", `${number} ${method}`);
  const next = sequence === undefined ? { ...dialog, localSequence: number } : dialog;
  return { dialog: next, request: new SipRequest(method, uri, headers) };
}

/** The URI of the next hop: the first route, else the remote target. */
export function nextHop(dialog: Dialog): string {
  const first = dialog.routeSet[0];
  const parsed = first === undefined ? undefined : parseNameAddr(first);
  return parsed?.ok === true ? formatUri(parsed.value.uri) : dialog.remoteTarget;
}

function routing(dialog: Dialog): { uri: string; routes: readonly string[] } {
  const first = dialog.routeSet[0];
  const parsed = first === undefined ? undefined : parseNameAddr(first);
  if (parsed?.ok !== true || parsed.value.uri.params.has("lr"))
    return { uri: dialog.remoteTarget, routes: dialog.routeSet };
  // Strict router: its URI becomes the Request-URI, the target goes to the end of the route.
  const strict = { ...parsed.value.uri, headers: undefined };
  return { uri: formatUri(strict), routes: [...dialog.routeSet.slice(1), `<${dialog.remoteTarget}>`] };
}

function withTag(value: string, tag: string): string {
  const parsed = parseNameAddr(value);
  if (!parsed.ok) return `${value};tag=${tag}`;
  if (parsed.value.params.has("tag")) return value;
  // A bare URI would take the tag as its own in the eyes of some.
  return value.includes("<") ? `${value};tag=${tag}` : `<${formatUri(parsed.value.uri)}>;tag=${tag}`;
}

/** A From or To value of a URI given as text, or of parts. */
export function addressValue(address: NameAddr | string, tag?: string): string {
  if (typeof address !== "string") {
    if (tag === undefined || address.params.has("tag")) return formatNameAddr(address);
    return formatNameAddr({ ...address, params: address.params.clone().set("tag", tag) });
  }
  const asUri = address.includes("<") ? undefined : parseUri(address);
  const value = asUri?.ok === true ? `<${address}>` : address;
  return tag === undefined || value.includes(";tag=") ? value : `${value};tag=${tag}`;
}
