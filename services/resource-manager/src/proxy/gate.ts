import { checkExtensions, type HostPort, parseVia, type SipRequest } from "@sidetone/sip";

/** An answer that ends the matter. */
export interface GateRefusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Max-Forwards of a request that has none (RFC 3261 16.6 step 3). */
const defaultMaxForwards = 70;

/** RFC 3261 16.3: what a proxy checks before it forwards. @param self our addresses, as they stand in our Via. */
export function checkGate(request: SipRequest, self: readonly HostPort[]): GateRefusal | undefined {
  const hops = maxForwards(request);
  if (hops === undefined) return { status: 400, reason: "Malformed Max-Forwards", headers: [] };
  if (hops <= 0) return { status: 483, headers: [] };
  if (passedHere(request, self)) return { status: 482, headers: [] };
  const extension = checkExtensions(request, new Set(), "Proxy-Require");
  return extension === undefined ? undefined : { status: extension.status, headers: extension.headers ?? [] };
}

/** The value of Max-Forwards; undefined where it is no number from 0 to 255. */
export function maxForwards(request: SipRequest): number | undefined {
  const text = request.headers.get("max-forwards")?.trim();
  if (text === undefined) return defaultMaxForwards;
  if (text === "" || text.length > 3) return undefined;
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 && value <= 255 ? value : undefined;
}

/** RFC 3261 16.3 step 4: a request that carries our own Via came round. We never send one to ourselves on purpose. */
function passedHere(request: SipRequest, self: readonly HostPort[]): boolean {
  return request.headers.list("via").some((value) => {
    const via = parseVia(value);
    if (!via.ok) return false;
    const { host, port } = via.value;
    return self.some((s) => s.host === host && s.port === (port ?? 5060));
  });
}
