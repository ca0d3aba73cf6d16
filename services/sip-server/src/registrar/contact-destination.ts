import { isIP } from "node:net";
import { type Destination, cloneUri, formatUri, parseUri, sameHost } from "@sidetone/sip";
import type { Binding, Contact } from "./types.ts";

/** Where a binding's phone can be reached now; undefined for a URI that is none of ours to call, e.g. `tel:`. */
export function contactOf(binding: Binding): Contact | undefined {
  const parsed = parseUri(binding.uri);
  if (!parsed.ok || parsed.value.scheme !== "sip") return undefined;
  // RFC 3261 19.1.1 table 1: headers and `method` have no place in a Request-URI, and a Route they carry is not honoured (19.1.5).
  const target = cloneUri(parsed.value);
  target.params.delete("method");
  target.headers = undefined;
  const uri = formatUri(target);
  return {
    uri,
    destination: destinationOf(binding, uri, parsed.value.host, parsed.value.port),
    q: binding.q / 1000,
    userAgent: binding.userAgent,
    instance: binding.instance,
  };
}

function destinationOf(binding: Binding, uri: string, host: string, port: number | undefined): Destination {
  const { source } = binding;
  if (source.transport === "tcp") {
    return source.flow === undefined ? { uri } : { flow: source.flow, fallback: uri };
  }
  const behindNat = isIP(host) !== 0 && !sameHost(host, source.remoteHost);
  const otherPort = (port ?? 5060) !== source.remotePort;
  if (behindNat || (source.symmetric && otherPort)) {
    return { transport: "udp", host: source.remoteHost, port: source.remotePort };
  }
  return { uri };
}
