import { Headers } from "./headers.ts";
import { SipResponse } from "./message.ts";
import type { SipRequest } from "./message.ts";
import { reasonPhrase } from "./status.ts";

/** What a response has besides what it copies from its request. */
export interface ResponseOptions {
  /** Put on To unless the request's To has a tag. Leave it out for 100 (RFC 3261 8.2.6.2). */
  readonly toTag?: string | undefined;
  readonly headers?: Iterable<readonly [string, string]> | undefined;
  readonly body?: Buffer | string | undefined;
  readonly contentType?: string | undefined;
}

/**
 * A response to `request` (RFC 3261 8.2.6): Via, From, To, Call-ID and CSeq are copied as they came, Record-Route too in
 * 101-299 (12.1.1), Timestamp in 100. Works for malformed requests as far as they have these headers.
 */
export function createResponse(
  request: SipRequest,
  status: number,
  reason?: string,
  options: ResponseOptions = {},
): SipResponse {
  const headers = new Headers();
  for (const via of request.headers.all("via")) headers.append("Via", via);
  for (const name of ["From", "To", "Call-ID", "CSeq"]) {
    const value = request.headers.get(name);
    if (value === undefined) continue;
    headers.append(name, name === "To" && options.toTag !== undefined ? withTag(request, value, options.toTag) : value);
  }
  if (status > 100 && status < 300) {
    for (const route of request.headers.all("record-route")) headers.append("Record-Route", route);
  }
  const timestamp = status === 100 ? request.headers.get("timestamp") : undefined;
  if (timestamp !== undefined) headers.append("Timestamp", timestamp);
  for (const [name, value] of options.headers ?? []) headers.append(name, value);
  if (options.contentType !== undefined) headers.set("Content-Type", options.contentType);
  const body = typeof options.body === "string" ? Buffer.from(options.body, "utf8") : options.body;
  return new SipResponse(status, reason ?? reasonPhrase(status), headers, body);
}

function withTag(request: SipRequest, to: string, tag: string): string {
  if (request.to === undefined) return to.toLowerCase().includes(";tag=") ? to : `${to};tag=${tag}`;
  return request.to.params.has("tag") ? to : `${to};tag=${tag}`;
}
