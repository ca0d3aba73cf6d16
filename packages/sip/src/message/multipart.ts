import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { isBlank, isToken, trimmed, unquote } from "./characters.ts";
import { Headers } from "./headers.ts";
import { parseValueWithParams } from "./params.ts";

/** One part of a multipart body. */
export interface BodyPart {
  readonly headers: Headers;
  /** A view of the whole body. */
  readonly body: Buffer;
  /** `type/subtype` in lower case; `text/plain` where the part says nothing (RFC 2046 5.1). */
  readonly contentType: string;
}

/** A part to be written. A {@link BodyPart} fits. */
export interface PartToWrite {
  readonly contentType: string;
  readonly body: Buffer | string;
  /** Besides Content-Type, unless it is among them. */
  readonly headers?: Iterable<readonly [string, string]>;
}

/** Reads a multipart body (RFC 2046 5.1, RFC 5621). Tolerant of bare line feeds and of a missing end; time is linear. */
export function parseMultipart(contentType: string, body: Buffer): Result<BodyPart[]> {
  const type = parseValueWithParams(contentType);
  if (!type.ok || !type.value.head.startsWith("multipart/")) return fail("no multipart content type");
  const boundary = unquote(type.value.params.text("boundary") ?? "");
  if (boundary === "" || boundary.length > LIMITS.multipartBoundaryBytes) return fail("no usable boundary");
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  const parts: BodyPart[] = [];
  let mark = nextDelimiter(body, delimiter, 0);
  if (mark === undefined) return fail("the boundary does not occur");
  while (!mark.last) {
    if (parts.length >= LIMITS.multipartParts) return fail("too many parts");
    const next = nextDelimiter(body, delimiter, mark.after);
    const part = parsePart(
      body.subarray(mark.after, next === undefined ? body.length : partEnd(body, mark.after, next.start)),
    );
    if (!part.ok) return part;
    parts.push(part.value);
    if (next === undefined) break;
    mark = next;
  }
  return ok(parts);
}

interface Delimiter {
  readonly start: number;
  readonly after: number;
  readonly last: boolean;
}

/** The next delimiter that stands alone at the start of a line. */
function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): Delimiter | undefined {
  for (let at = body.indexOf(delimiter, from); at !== -1; at = body.indexOf(delimiter, at + 1)) {
    if (at !== 0 && body[at - 1] !== 0x0a) continue;
    let end = at + delimiter.length;
    const last = body[end] === 0x2d && body[end + 1] === 0x2d;
    if (last) return { start: at, after: end + 2, last };
    while (end < body.length && isBlank(body[end] ?? 0)) end++;
    if (end === body.length) return { start: at, after: end, last: true };
    if (body[end] === 0x0d && body[end + 1] === 0x0a) return { start: at, after: end + 2, last };
    if (body[end] === 0x0a) return { start: at, after: end + 1, last };
  }
  return undefined;
}

/** The line end before a delimiter belongs to the delimiter. */
function partEnd(body: Buffer, from: number, delimiter: number): number {
  if (delimiter <= from) return from;
  const end = delimiter - 1;
  return end > from && body[end - 1] === 0x0d ? end - 1 : end;
}

function parsePart(bytes: Buffer): Result<BodyPart> {
  const headers = new Headers();
  let name: string | undefined;
  let value = "";
  const flush = () => {
    if (name !== undefined) headers.append(name, value);
    name = undefined;
  };
  let at = 0;
  while (at < bytes.length) {
    const lf = bytes.indexOf(0x0a, at);
    const end = lf === -1 ? bytes.length : lf;
    const line = bytes.toString("latin1", at, end > at && bytes[end - 1] === 0x0d ? end - 1 : end);
    at = lf === -1 ? bytes.length : lf + 1;
    if (line === "") break;
    if (isBlank(line.charCodeAt(0)) && name !== undefined) {
      value += ` ${trimmed(line)}`;
      continue;
    }
    flush();
    const colon = line.indexOf(":");
    if (colon === -1 || !isToken(trimmed(line, 0, colon))) return fail("a malformed header in a part");
    if (headers.size >= LIMITS.headerCount) return fail("too many headers in a part");
    name = trimmed(line, 0, colon);
    value = trimmed(line, colon + 1);
  }
  flush();
  const type = parseValueWithParams(headers.get("content-type") ?? "text/plain");
  return ok({ headers, body: bytes.subarray(at), contentType: type.ok ? type.value.head : "application/octet-stream" });
}

/** Writes a `multipart/mixed` body. A boundary that occurs in a part is lengthened until it does not. */
export function formatMultipart(parts: Iterable<PartToWrite>, boundary: string): { contentType: string; body: Buffer } {
  const bodies = Array.from(parts, (part) => ({
    part,
    bytes: typeof part.body === "string" ? Buffer.from(part.body, "utf8") : part.body,
  }));
  while (bodies.some(({ bytes }) => bytes.includes(`--${boundary}`))) boundary += "x";
  const chunks: Buffer[] = [];
  for (const { part, bytes } of bodies) {
    const headers = Headers.of(part.headers ?? []);
    if (!headers.has("content-type")) headers.prepend("Content-Type", part.contentType);
    let head = `--${boundary}\r\n`;
    for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
    chunks.push(Buffer.from(`${head}\r\n`, "latin1"), bytes, Buffer.from("\r\n"));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`, "latin1"));
  return { contentType: `multipart/mixed;boundary="${boundary}"`, body: Buffer.concat(chunks) };
}
