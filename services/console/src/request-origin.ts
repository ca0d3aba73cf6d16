import { BlockList, isIPv4, isIPv6 } from "node:net";
import { type FastifyRequest, isPlainHost } from "@sidetone/http";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** What a proxy adds: whoever comes through one is not known to be at this machine. */
const proxyHeaders = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/** Whether a request comes from this machine itself, without a proxy, and to a name that no other site can take (DNS rebinding). */
export function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? "";
  const here = isIPv4(address) ? loopback.check(address, "ipv4") : isIPv6(address) && loopback.check(address, "ipv6");
  return here && isPlainHost(request.headers.host) && !proxyHeaders.some((name) => request.headers[name] !== undefined);
}

/** Whether the browser's connection is encrypted, as far as anybody knows who may be believed. */
export function isSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  return request.protocol === "https" || publicUrl?.startsWith("https:") === true;
}

/** Where the browser reaches the console: what the configuration says, else what the request says. */
export function ownUrl(request: FastifyRequest, publicUrl: string | undefined): string {
  return publicUrl ?? `${request.protocol}://${request.host}`;
}

/** Whether a page of another site makes the browser send this: by what it says itself (Fetch Metadata), else by Origin. */
export function isForeign(request: FastifyRequest, publicUrl: string | undefined): boolean {
  const { "sec-fetch-site": site, origin } = request.headers;
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  if (origin === undefined || origin === ownUrl(request, publicUrl)) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.headers.host;
}
