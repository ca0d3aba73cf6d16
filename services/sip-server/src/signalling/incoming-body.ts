import { parseMultipart, parseSdp, type SipRequest } from "@sidetone/sip";

/** What the body of an INVITE means. */
export type IncomingBody =
  | { readonly kind: "offer"; readonly sdp: Buffer }
  | { readonly kind: "none" }
  | {
      readonly kind: "refused";
      readonly status: 400 | 406 | 415;
      readonly reason: string;
      readonly headers: readonly (readonly [string, string])[];
    };

const accepts: readonly [string, string] = ["Accept", "application/sdp"];

/** RFC 3261 8.2.3, RFC 5621: finds the session description of an INVITE, inside a multipart body too. */
export function incomingBody(request: SipRequest): IncomingBody {
  if (!wantsSdp(request)) return { kind: "refused", status: 406, reason: "Not Acceptable", headers: [accepts] };
  if (request.body.length === 0) return { kind: "none" };
  if (request.headers.has("Content-Encoding")) return unsupported();
  const type = request.contentType;
  if (type === undefined) return { kind: "refused", status: 400, reason: "Missing Content-Type", headers: [] };
  if (type === "application/sdp") return offer(request.body);
  if (!type.startsWith("multipart/"))
    return isOptional(request.headers.get("Content-Disposition")) ? { kind: "none" } : unsupported();
  const parts = parseMultipart(request.headers.get("Content-Type") ?? "", request.body);
  if (!parts.ok) return { kind: "refused", status: 400, reason: "Malformed Multipart Body", headers: [] };
  const sdp = parts.value.find((part) => part.contentType === "application/sdp");
  const required = parts.value.find((part) => part !== sdp && !isOptional(part.headers.get("Content-Disposition")));
  if (sdp === undefined && required !== undefined) return unsupported();
  return sdp === undefined ? { kind: "none" } : offer(sdp.body);
}

function offer(sdp: Buffer): IncomingBody {
  const reason = unreadable(sdp);
  return reason === undefined ? { kind: "offer", sdp } : { kind: "refused", status: 400, reason, headers: [] };
}

/** The reason phrase for a session description that cannot be read; undefined where it can. */
export function unreadable(sdp: Buffer): string | undefined {
  const read = parseSdp(sdp);
  return read.ok ? undefined : `Bad Session Description (${read.error})`;
}

function unsupported(): IncomingBody {
  return { kind: "refused", status: 415, reason: "Unsupported Media Type", headers: [accepts] };
}

/** `handling=optional` (RFC 3204, RFC 5621 3.2): whoever does not know it passes over it. */
function isOptional(disposition: string | undefined): boolean {
  return disposition?.toLowerCase().includes("handling=optional") === true;
}

/** RFC 3261 20.1: without an Accept header SDP is understood; with one it has to be named. */
function wantsSdp(request: SipRequest): boolean {
  if (!request.headers.has("Accept")) return true;
  return request.headers.list("Accept").some((range) => {
    const type = (range.split(";")[0] ?? "").trim().toLowerCase();
    return type === "*/*" || type === "application/*" || type === "application/sdp" || type.startsWith("multipart/");
  });
}
