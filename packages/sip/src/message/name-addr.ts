import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { afterQuoted, quote, readable, skipBlanks, trimmed, unquote, wireText } from "./characters.ts";
import { Params, parseHeaderParams } from "./params.ts";
import { cloneUri, formatUri, parseUri } from "./uri.ts";
import type { SipUri } from "./uri.ts";

/** What From, To, Contact, Route and their like hold. */
export interface NameAddr {
  /** For people: quotes undone, UTF-8 decoded. */
  displayName: string | undefined;
  uri: SipUri;
  /** The header's own parameters, e.g. `tag`. */
  params: Params;
}

/**
 * Reads `"Name" <uri>;params` or `uri;params` (RFC 3261 20.10, RFC 8217). Without angle brackets the parameters are the
 * header's, and a `?` or a comma is refused, for nobody could say whose it is.
 */
export function parseNameAddr(text: string): Result<NameAddr> {
  let at = skipBlanks(text, 0);
  let displayName: string | undefined;
  if (text.charCodeAt(at) === 0x22) {
    const after = afterQuoted(text, at);
    if (after === -1) return fail("unbalanced quotes");
    displayName = readable(unquote(text.slice(at, after)));
    at = skipBlanks(text, after);
    if (text.charCodeAt(at) !== 0x3c) return fail("no < after the display name");
  }
  const open = text.indexOf("<", at);
  if (open === -1) return parseAddrSpec(text, at);
  if (open > at) {
    const name = trimmed(text, at, open);
    if (!isPlainName(name)) return parseAddrSpec(text, at);
    if (name !== "") displayName = readable(name);
  }
  const close = text.indexOf(">", open);
  if (close === -1) return fail("unclosed <");
  const uri = parseUri(text.slice(open + 1, close));
  if (!uri.ok) return uri;
  const params = parseHeaderParams(text, close + 1);
  return params.ok ? ok({ displayName, uri: uri.value, params: params.value }) : params;
}

/**
 * A Contact: as above, and where its angle brackets do not match (`<sip:a@h;+sip.src`, `sip:a@h>;+sip.src`, met in recording clients) the URI ends
 * at the first `;`, so that its sender can be reached.
 */
export function parseContact(text: string): Result<NameAddr> {
  const read = parseNameAddr(text);
  if (read.ok || text.includes('"')) return read;
  const open = text.indexOf("<");
  const close = text.indexOf(">");
  if ((open === -1) === (close === -1)) return read;
  const bare = open === -1 ? text.replace(">", "") : text.slice(open + 1);
  const end = bare.indexOf(";");
  return parseNameAddr(end === -1 ? `<${bare.trim()}>` : `<${bare.slice(0, end).trim()}>${bare.slice(end)}`);
}

function parseAddrSpec(text: string, at: number): Result<NameAddr> {
  let end = text.indexOf(";", at);
  if (end === -1) end = text.length;
  const spec = trimmed(text, at, end);
  if (spec.includes("?") || spec.includes(",")) return fail("a URI with ? or , needs angle brackets");
  const uri = parseUri(spec);
  if (!uri.ok) return uri;
  const params = parseHeaderParams(text, end);
  return params.ok ? ok({ displayName: undefined, uri: uri.value, params: params.value }) : params;
}

/** Unquoted display names: more than tokens are met in the field, but not what separates other things. */
function isPlainName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === 0x22 || code === 0x2c || code === 0x3b || code === 0x3e || code < 0x20) return false;
  }
  return true;
}

/** Text of the wire: the display name is always quoted, the URI always in angle brackets. */
export function formatNameAddr(address: NameAddr): string {
  const name = address.displayName === undefined ? "" : `${quote(wireText(withoutBreaks(address.displayName)))} `;
  return `${name}<${formatUri(address.uri)}>${address.params.toString()}`;
}

/** A copy that may be changed. */
export function cloneNameAddr(address: NameAddr): NameAddr {
  return { displayName: address.displayName, uri: cloneUri(address.uri), params: address.params.clone() };
}

/** A name-addr of a URI given as text or parts. */
export function nameAddr(uri: SipUri, displayName?: string, params: Params = new Params()): NameAddr {
  return { displayName, uri, params };
}

function withoutBreaks(text: string): string {
  return text.replaceAll("\r", " ").replaceAll("\n", " ");
}
