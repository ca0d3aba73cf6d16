import {
  formatUri,
  type HostPort,
  parseNameAddr,
  parseUri,
  type SipRequest,
  type SipResponse,
  type SipUri,
} from "@sidetone/sip";
import { avoidHeader, siblingHeader, tokenHeader } from "../groups/token.ts";
import { maxForwards } from "./gate.ts";

/** RFC 3261 16.6: a copy to send on: Max-Forwards lowered, our Route taken off, our own headers removed. */
export function forwarded(request: SipRequest, self: readonly HostPort[]): SipRequest {
  const copy = request.clone();
  copy.headers.set("Max-Forwards", String((maxForwards(request) ?? 70) - 1));
  if (isSelf(topRoute(request), self)) copy.headers.removeFirst("route");
  copy.headers.remove(tokenHeader);
  copy.headers.remove(avoidHeader);
  copy.headers.remove(siblingHeader);
  return copy;
}

/** The Request-URI with the host and port of `resource`; user and parameters stay as the client wrote them. */
export function retarget(uri: SipUri, resource: string): string {
  const parsed = parseUri(resource);
  if (!parsed.ok) return formatUri(uri);
  const params = uri.params.clone();
  // These name the way to us, not the way onwards.
  params.delete("maddr");
  params.delete("transport");
  params.delete("resource-group");
  return formatUri({ ...uri, scheme: parsed.value.scheme, host: parsed.value.host, port: parsed.value.port, params });
}

/** RFC 3261 16.7 step 3: the response for the client, without our Via, with the affinity token where there is one. */
export function returned(response: SipResponse, token: string | undefined): SipResponse {
  const copy = response.clone();
  copy.headers.removeFirst("via");
  if (token !== undefined) copy.headers.set(tokenHeader, token);
  return copy;
}

/** URI of the topmost Route; undefined where there is none. */
export function topRoute(request: SipRequest): SipUri | undefined {
  const value = request.headers.list("route")[0];
  if (value === undefined) return undefined;
  const address = parseNameAddr(value);
  return address.ok ? address.value.uri : undefined;
}

/** True for a URI that names one of our own addresses. */
export function isSelf(uri: SipUri | undefined, self: readonly HostPort[]): boolean {
  if (uri === undefined) return false;
  return self.some((s) => s.host === uri.host && s.port === (uri.port ?? 5060));
}

/** Seconds of a Retry-After header; undefined where there is none. */
export function retryAfterSeconds(response: SipResponse): number | undefined {
  const value = response.headers.get("retry-after");
  if (value === undefined) return undefined;
  const seconds = Number.parseInt(value.slice(0, 12), 10);
  return Number.isNaN(seconds) || seconds < 0 ? undefined : seconds;
}
