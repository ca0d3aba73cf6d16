import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { isBlank, isToken, parseDigits, trimmed } from "./characters.ts";
import { knownHeader } from "./header-names.ts";
import { Headers } from "./headers.ts";
import { SipRequest, SipResponse } from "./message.ts";
import type { SipMessage } from "./message.ts";

/** Why bytes are no message. They cannot be answered; they are dropped. */
export interface ParseFailure {
  readonly reason: string;
}

/** The empty line that ends a head, with the line end before it. */
export const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/**
 * Reads one datagram. Tolerant: what can be represented is, with `flaws` for the validator; octets after Content-Length
 * are ignored, and without Content-Length the body goes to the end of the datagram (RFC 3261 18.3). Time is linear in
 * the number of bytes. The body is a view of `bytes`, which must not be written to afterwards.
 */
export function parseMessage(bytes: Buffer): Result<SipMessage, ParseFailure> {
  if (bytes.length > LIMITS.datagramBytes) return fail({ reason: "datagram too long" });
  const start = skipLineEnds(bytes);
  if (start === bytes.length) return fail({ reason: "empty" });
  let headEnd = bytes.indexOf(HEAD_END, start);
  let bodyStart = headEnd + 4;
  if (headEnd === -1) {
    // A datagram ends by itself: the empty line may be missing where there is no body (RFC 4475 3.1.2.15 in some copies).
    if (bytes.length < start + 2 || bytes[bytes.length - 1] !== 0x0a || bytes[bytes.length - 2] !== 0x0d) {
      return fail({ reason: "no empty line after the headers" });
    }
    headEnd = bytes.length - 2;
    bodyStart = bytes.length;
  }
  const parsed = parseHead(bytes.toString("latin1", start, headEnd));
  if (!parsed.ok) return parsed;
  const message = parsed.value;
  const available = bytes.length - bodyStart;
  const length = contentLength(message.headers);
  if (length.kind === "bad") addFlaw(message, length.reason);
  else if (length.kind === "length" && length.value > available) addFlaw(message, "Content-Length beyond the message");
  const take = length.kind === "length" ? Math.min(length.value, available) : available;
  if (take > 0) message.body = bytes.subarray(bodyStart, bodyStart + take);
  return parsed;
}

/** The number of leading bytes that are line ends, which come before a message as keep-alives (RFC 3261 7.5). */
function skipLineEnds(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
  return at;
}

/** What Content-Length says; the one reading of it that datagrams and streams share. */
export type ContentLength =
  | { readonly kind: "absent" }
  | { readonly kind: "length"; readonly value: number }
  | { readonly kind: "bad"; readonly reason: string };

/** Two Content-Lengths are bad even if they agree: whoever forwards the message may believe the other one. */
export function contentLength(headers: Headers): ContentLength {
  const value = headers.get("content-length");
  if (value === undefined) return { kind: "absent" };
  if (headers.count("content-length") > 1) return { kind: "bad", reason: "Duplicate Content-Length" };
  const length = parseDigits(value, 2 ** 31 - 1);
  return length === undefined ? { kind: "bad", reason: "Malformed Content-Length" } : { kind: "length", value: length };
}

/** Reads start line and headers, given without the empty line. The only head parser: datagrams and streams use it. */
export function parseHead(text: string): Result<SipMessage, ParseFailure> {
  const firstEnd = lineEnd(text, 0);
  if (firstEnd === -1) return fail({ reason: "bare CR or LF" });
  const line = text.slice(0, firstEnd);
  const message = line.startsWith("SIP/") || line.startsWith("sip/") ? parseStatusLine(line) : parseRequestLine(line);
  if (message === undefined) return fail({ reason: "no SIP start line" });
  // Other elements may take a NUL for the end of the text, and so see another message than we do.
  if (hasBareNul(text)) addFlaw(message, "NUL in the headers");
  const problem = parseHeaders(text, firstEnd + 2, message);
  return problem === undefined ? ok(message) : fail({ reason: problem });
}

/** A NUL may be there only as a quoted pair (RFC 3261 25.1, RFC 4475 3.1.1.2). */
function hasBareNul(text: string): boolean {
  for (let at = text.indexOf("\0"); at !== -1; at = text.indexOf("\0", at + 1)) {
    if (text.charCodeAt(at - 1) !== 0x5c) return true;
  }
  return false;
}

function parseRequestLine(line: string): SipRequest | undefined {
  let end = line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end--;
  const firstBlank = line.indexOf(" ");
  const lastBlank = line.lastIndexOf(" ", end - 1);
  if (firstBlank <= 0 || lastBlank <= firstBlank) return undefined;
  const method = line.slice(0, firstBlank);
  const version = line.slice(lastBlank + 1, end).toUpperCase();
  if (!isToken(method) || !version.startsWith("SIP/")) return undefined;
  const raw = line.slice(firstBlank + 1, lastBlank);
  const uri = trimmed(raw);
  const request = new SipRequest(method, uri);
  if (version !== "SIP/2.0") addFlaw(request, "Version Not Supported", 505);
  if (uri !== raw || end !== line.length) addFlaw(request, "Extra white space in the Request-Line");
  return request;
}

function parseStatusLine(line: string): SipResponse | undefined {
  const blank = line.indexOf(" ");
  if (blank === -1) return undefined;
  let end = line.indexOf(" ", blank + 1);
  const noReason = end === -1;
  if (noReason) end = line.length;
  const digits = line.slice(blank + 1, end);
  const status = parseDigits(digits, 2 ** 31 - 1);
  if (status === undefined) return undefined;
  const response = new SipResponse(status, noReason ? "" : line.slice(end + 1));
  if (line.slice(0, blank).toUpperCase() !== "SIP/2.0") addFlaw(response, "Version Not Supported", 505);
  if (digits.length !== 3 || status < 100 || status > 699) addFlaw(response, "Status code out of range");
  return response;
}

function parseHeaders(text: string, at: number, message: SipMessage): string | undefined {
  const headers = message.headers;
  while (at < text.length) {
    if (headers.size >= LIMITS.headerCount) return "too many headers";
    let end = lineEnd(text, at);
    if (end === -1) return "bare CR or LF";
    const lineStart = at;
    const firstEnd = end;
    at = end + 2;
    let folded: string[] | undefined;
    while (at < text.length && isBlank(text.charCodeAt(at))) {
      end = lineEnd(text, at);
      if (end === -1) return "bare CR or LF";
      folded ??= [];
      folded.push(trimmed(text, at, end));
      at = end + 2;
    }
    const colon = text.indexOf(":", lineStart);
    if (colon === -1 || colon >= firstEnd || colon - lineStart > LIMITS.headerNameBytes) {
      addFlaw(message, "Malformed header line");
      if (colon === -1) return at < text.length ? "no colon in the headers" : undefined;
      continue;
    }
    let value = trimmed(text, colon + 1, firstEnd);
    if (folded !== undefined) value = trimmed(`${value} ${folded.join(" ")}`);
    if (value.length > LIMITS.headerValueBytes) addFlaw(message, "Header too long");
    const spelling = trimmed(text, lineStart, colon);
    const known = knownHeader(spelling);
    if (known !== undefined) headers.addRaw(known.key, spelling, value);
    else if (isToken(spelling)) headers.addRaw(spelling.toLowerCase(), spelling, value);
    else addFlaw(message, "Malformed header name");
  }
  return undefined;
}

/** Where the line ends that starts at `at`; -1 where a CR or LF stands alone. A line may also end with the text. */
function lineEnd(text: string, at: number): number {
  const cr = text.indexOf("\r", at);
  const lf = text.indexOf("\n", at);
  if (cr === -1 && lf === -1) return text.length;
  return lf === cr + 1 && cr !== -1 ? cr : -1;
}

const FLAWS_KEPT = 8;

function addFlaw(message: SipMessage, reason: string, status = 400): void {
  if (message.flaws.length < FLAWS_KEPT) message.flaws = [...message.flaws, { status, reason }];
}
