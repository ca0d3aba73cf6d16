import { isIP } from "node:net";

/**
 * True where a `Host` header names an IP address or localhost. A server on loopback without a token insists on that: a web
 * page that points a name of its own at 127.0.0.1 (DNS rebinding) would otherwise read through the visitor's browser.
 */
export function isPlainHost(header: string | undefined): boolean {
  if (header === undefined) return false;
  if (header.startsWith("[")) {
    const end = header.indexOf("]");
    return end > 0 && isIP(header.slice(1, end)) === 6;
  }
  const colon = header.indexOf(":");
  const host = (colon < 0 ? header : header.slice(0, colon)).toLowerCase();
  return host === "localhost" || isIP(host) === 4;
}
