import { isIP } from "node:net";
import { parseUri } from "../message/index.ts";
import type { SipUri } from "../message/index.ts";
import { DEFAULT_PORT } from "./limits.ts";
import type { Flow, Network, SipTransport } from "./types.ts";

/** An exact address to send to. */
export interface Target {
  readonly transport: SipTransport;
  readonly host: string;
  readonly port: number;
}

/** Where a request is sent: by its URI, over a flow that is up, or to an exact address. */
export type Destination =
  | { readonly uri: SipUri | string }
  /** `fallback` is a URI to use once the flow is closed. */
  | { readonly flow: Flow; readonly fallback?: string }
  | Target;

/** Host without the brackets of an IPv6 reference. */
export function bareHost(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/** Host as it is written in a URI or Via. */
export function writtenHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** RFC 3263 4.1 without NAPTR and SRV: transport of the parameter, else UDP; undefined where it is not served. */
export function uriTransport(uri: SipUri): SipTransport | undefined {
  if (uri.scheme !== "sip") return undefined;
  const named = uri.params.get("transport");
  if (named === undefined) return "udp";
  const name = typeof named === "string" ? named.toLowerCase() : "";
  return name === "udp" || name === "tcp" ? name : undefined;
}

/** Calls `found` once: at once for IP literals, after a look-up for host names; with undefined where the URI leads nowhere. */
export function resolveUri(uri: SipUri | string, network: Network, found: (target: Target | undefined) => void): void {
  const parsed = typeof uri === "string" ? parseUri(uri) : undefined;
  const value = typeof uri === "string" ? (parsed?.ok === true ? parsed.value : undefined) : uri;
  const transport = value === undefined ? undefined : uriTransport(value);
  if (value === undefined || transport === undefined) return found(undefined);
  const maddr = value.params.get("maddr");
  const host = bareHost(typeof maddr === "string" ? maddr : value.host);
  const port = value.port ?? DEFAULT_PORT;
  if (isIP(host) !== 0) return found({ transport, host, port });
  if (host.toLowerCase() === "localhost") return found({ transport, host: "127.0.0.1", port });
  network.lookup(host).then(
    (address) => found(address === undefined ? undefined : { transport, host: address, port }),
    () => found(undefined),
  );
}
