import { isIPv6 } from "node:net";
import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { parseDigits } from "./characters.ts";
import { Params, parseUriParams } from "./params.ts";

/** A URI. Parts are kept as they are on the wire, `%` escapes included; see {@link unescapeUri}. */
export interface SipUri {
  /** Lower case: `sip`, `sips`, `tel` or any other. */
  scheme: string;
  user: string | undefined;
  password: string | undefined;
  /** Name, IPv4 address, or IPv6 address without its brackets. Empty where `opaque` is set. */
  host: string;
  port: number | undefined;
  params: Params;
  /** What follows `?`. */
  headers: string | undefined;
  /** All after the colon of a URI that is neither `sip` nor `sips`. */
  opaque?: string;
}

/** Reads a URI (RFC 3261 19.1, 25.1); schemes other than sip and sips are kept whole in `opaque`. */
export function parseUri(text: string): Result<SipUri> {
  const colon = text.indexOf(":");
  if (colon <= 0) return fail("no URI scheme");
  if (!isScheme(text, colon)) return fail("malformed URI scheme");
  if (colon + 1 === text.length) return fail("nothing after the URI scheme");
  const bad = forbiddenCharacter(text);
  if (bad !== undefined) return fail(bad);
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme !== "sip" && scheme !== "sips") {
    return ok({
      scheme,
      user: undefined,
      password: undefined,
      host: "",
      port: undefined,
      params: new Params(),
      headers: undefined,
      opaque: text.slice(colon + 1),
    });
  }
  let user: string | undefined;
  let password: string | undefined;
  let at = colon + 1;
  const sign = text.indexOf("@", at);
  if (sign !== -1) {
    if (text.indexOf("@", sign + 1) !== -1) return fail("two @ in a URI");
    const split = text.indexOf(":", at);
    const hasPassword = split !== -1 && split < sign;
    user = text.slice(at, hasPassword ? split : sign);
    if (user === "") return fail("empty user in a URI");
    if (hasPassword) password = text.slice(split + 1, sign);
    at = sign + 1;
  }
  const question = text.indexOf("?", at);
  const end = question === -1 ? text.length : question;
  let semicolon = text.indexOf(";", at);
  if (semicolon === -1 || semicolon > end) semicolon = end;
  const place = parseHostPort(text.slice(at, semicolon));
  if (!place.ok) return place;
  const params = parseUriParams(text, semicolon, end);
  if (!params.ok) return params;
  const headers = question === -1 ? undefined : text.slice(question + 1);
  return ok({ scheme, user, password, host: place.value.host, port: place.value.port, params: params.value, headers });
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`; the host comes without brackets. */
export function parseHostPort(text: string): Result<{ host: string; port: number | undefined }> {
  let host: string;
  let rest: string;
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf("]");
    if (close === -1) return fail("unclosed IPv6 address");
    host = text.slice(1, close);
    if (host.length > 45 || !isIPv6(host) || host.includes("%")) return fail("malformed IPv6 address");
    rest = text.slice(close + 1);
  } else {
    const colon = text.indexOf(":");
    host = colon === -1 ? text : text.slice(0, colon);
    if (!isHostName(host)) return fail(host === "" ? "no host" : "malformed host");
    rest = colon === -1 ? "" : text.slice(colon);
  }
  if (rest === "") return ok({ host, port: undefined });
  const port = rest.charCodeAt(0) === 0x3a ? parseDigits(rest.slice(1), 65_535) : undefined;
  return port === undefined ? fail("malformed port") : ok({ host, port });
}

/** `host` or `host:port`, with brackets around an IPv6 address. */
export function formatHostPort(host: string, port: number | undefined): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** The URI as text; {@link parseUri} gives the same parts back. */
export function formatUri(uri: SipUri): string {
  if (uri.opaque !== undefined) return `${uri.scheme}:${uri.opaque}`;
  let out = `${uri.scheme}:`;
  if (uri.user !== undefined) out += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  out += formatHostPort(uri.host, uri.port) + uri.params.toString();
  return uri.headers === undefined ? out : `${out}?${uri.headers}`;
}

/** A copy whose parameters may be changed. */
export function cloneUri(uri: SipUri): SipUri {
  return { ...uri, params: uri.params.clone() };
}

/** Undoes `%` escapes, into UTF-8 text; a malformed escape stays as it is. Input is text of the wire. */
export function unescapeUri(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const high = hexDigit(text.charCodeAt(i + 1));
    const low = hexDigit(text.charCodeAt(i + 2));
    if (text.charCodeAt(i) === 0x25 && high !== -1 && low !== -1) {
      bytes[length++] = high * 16 + low;
      i += 2;
    } else {
      bytes[length++] = text.charCodeAt(i) & 0xff;
    }
  }
  return bytes.toString("utf8", 0, length);
}

/** The user part with its escapes undone, e.g. the DN that a URI names. */
export function userOf(uri: SipUri): string | undefined {
  return uri.user === undefined ? undefined : unescapeUri(uri.user);
}

/** Escapes text for the user part of a URI (RFC 3261 25.1 user). */
export function escapeUser(text: string): string {
  return escapeExcept(text, "&=+$,;?/");
}

/** Escapes text for the name or value of a URI parameter (RFC 3261 25.1 paramchar). */
export function escapeParam(text: string): string {
  return escapeExcept(text, "[]/:&+$");
}

/** RFC 3261 19.1.4: whether two URIs are the same. Other schemes than sip and sips are compared as text. */
export function uriEquals(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.opaque !== undefined || b.opaque !== undefined) return a.opaque === b.opaque;
  if (normalised(a.user) !== normalised(b.user) || normalised(a.password) !== normalised(b.password)) return false;
  if (!sameHost(a.host, b.host) || a.port !== b.port) return false;
  return sameParams(a.params, b.params) && sameHeaders(a.headers, b.headers);
}

/** Whether two hosts are the same: names without regard to case, IPv6 addresses by value (RFC 5954 4.2). */
export function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || hostKey(a) === hostKey(b);
}

/** One text for all hosts that are the same: for maps by host. */
export function hostKey(host: string): string {
  if (!host.includes(":")) return host.toLowerCase();
  return URL.canParse(`http://[${host}]`) ? new URL(`http://[${host}]`).hostname : host.toLowerCase();
}

// RFC 3261 19.1.4: these count even when only one of the URIs has them.
const ALWAYS_COMPARED = ["user", "ttl", "method", "maddr", "transport"];

function sameParams(a: Params, b: Params): boolean {
  for (const name of ALWAYS_COMPARED) if (a.has(name) !== b.has(name)) return false;
  for (const [name, value] of a.entries()) {
    const other = b.get(name);
    if (other !== undefined && normalisedParam(value) !== normalisedParam(other)) return false;
  }
  return true;
}

function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const sorted = (text: string) =>
    text
      .split("&")
      .map((h) => unescapeUri(h).toLowerCase())
      .sort()
      .join("&");
  return sorted(a) === sorted(b);
}

function normalised(text: string | undefined): string | undefined {
  return text === undefined ? undefined : unescapeUri(text);
}

function normalisedParam(value: string | true): string | true {
  return value === true ? true : unescapeUri(value).toLowerCase();
}

function escapeExcept(text: string, allowed: string): string {
  let out = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const c = String.fromCharCode(byte);
    const plain = isAlphanumeric(byte) || "-_.!~*'()".includes(c) || allowed.includes(c);
    out += plain ? c : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function isScheme(text: string, end: number): boolean {
  const first = text.charCodeAt(0) | 0x20;
  if (first < 0x61 || first > 0x7a || end > 64) return false;
  for (let i = 1; i < end; i++) {
    const code = text.charCodeAt(i);
    if (!isAlphanumeric(code) && code !== 0x2b && code !== 0x2d && code !== 0x2e) return false;
  }
  return true;
}

/** Accepts more than the grammar (phones send `#` and `_` unescaped), but nothing that could end a URI early elsewhere. */
function forbiddenCharacter(text: string): string | undefined {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return "white space or a control character in a URI";
    if (code === 0x3c || code === 0x3e || code === 0x22) return "a quote or angle bracket in a URI";
    if (code === 0x25 && (hexDigit(text.charCodeAt(i + 1)) === -1 || hexDigit(text.charCodeAt(i + 2)) === -1)) {
      return "a malformed escape in a URI";
    }
  }
  return undefined;
}

function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isAlphanumeric(code) && code !== 0x2d && code !== 0x2e && code !== 0x5f) return false;
  }
  return true;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
