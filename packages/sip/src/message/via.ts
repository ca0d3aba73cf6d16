import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { elementEnd, isBlank, isToken, skipBlanks, trimmed } from "./characters.ts";
import { parseHeaderParams } from "./params.ts";
import type { Params } from "./params.ts";
import { formatHostPort, parseHostPort } from "./uri.ts";

/** One Via element (RFC 3261 20.42). */
export interface Via {
  /** Upper case: `UDP`, `TCP`, `TLS`, `WS` ... */
  transport: string;
  /** Without brackets. */
  host: string;
  port: number | undefined;
  params: Params;
  branch: string | undefined;
}

/** What a branch made by an RFC 3261 element starts with (RFC 3261 8.1.1.7). */
export const BRANCH_COOKIE = "z9hG4bK";

/** Reads one Via element; blanks around its slashes, colon and parameters are allowed. */
export function parseVia(text: string): Result<Via> {
  const firstSlash = text.indexOf("/");
  const secondSlash = firstSlash === -1 ? -1 : text.indexOf("/", firstSlash + 1);
  if (secondSlash === -1) return fail("no SIP/2.0/transport");
  if (trimmed(text, 0, firstSlash).toUpperCase() !== "SIP") return fail("a protocol other than SIP");
  // Any version: a request of another version is owed a 505, which travels by this Via.
  if (!isToken(trimmed(text, firstSlash + 1, secondSlash))) return fail("no version");
  let at = skipBlanks(text, secondSlash + 1);
  const start = at;
  while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
  const transport = text.slice(start, at).toUpperCase();
  if (!isToken(transport)) return fail("no transport");
  at = skipBlanks(text, at);
  let end = text.indexOf(";", at);
  if (end === -1) end = text.length;
  let sentBy = trimmed(text, at, end);
  if (sentBy.includes(" ") || sentBy.includes("\t")) {
    const colon = sentBy.lastIndexOf(":");
    if (colon === -1) return fail("white space in sent-by");
    sentBy = `${trimmed(sentBy, 0, colon)}:${trimmed(sentBy, colon + 1)}`;
  }
  const place = parseHostPort(sentBy);
  if (!place.ok) return place;
  const params = parseHeaderParams(text, end);
  if (!params.ok) return params;
  const branch = params.value.text("branch");
  return ok({ transport, host: place.value.host, port: place.value.port, params: params.value, branch });
}

/** Text of the wire. `branch` counts over what the parameters say. */
export function formatVia(via: Via): string {
  let params = via.params;
  if (via.branch !== undefined && params.get("branch") !== via.branch)
    params = params.clone().set("branch", via.branch);
  return `SIP/2.0/${via.transport} ${formatHostPort(via.host, via.port)}${params.toString()}`;
}

/** The first element of a Via header line. */
export function firstElement(line: string): string {
  const end = elementEnd(line, 0);
  return end === line.length ? line : trimmed(line, 0, end);
}
