import { fail, ok, type Result } from "@sidetone/foundation";
import { MAX_RECORDING_ID, MAX_URI_PARAMS } from "./limits.ts";

/** What the Request-URI of a recording session says: `sip:record=<id>@<recorder>;calluuid=...;dn=...;copy=1;epoch=1`. */
export interface RecordingUri {
  readonly recordingId: string;
  readonly callUuid?: string;
  readonly dn?: string;
  readonly otherDn?: string;
  readonly recordDn?: string;
  readonly copy?: number;
  readonly epoch?: number;
  /** Generic parameters (R7), unescaped. */
  readonly params: ReadonlyMap<string, string>;
}

/** Names that mean something in a URI or in our dialect: no generic parameter may have them (R7). Lower case. */
export const reservedUriParams: ReadonlySet<string> = new Set([
  "maddr",
  "transport",
  "lr",
  "method",
  "ttl",
  "user",
  "comp",
  "dn",
  "otherdn",
  "recorddn",
  "calluuid",
  "record",
  "copy",
  "epoch",
]);

/** R8: `[A-Za-z0-9._-]{1,128}`. */
export function isRecordingId(text: string): boolean {
  return text.length <= MAX_RECORDING_ID && /^[A-Za-z0-9._-]+$/.test(text);
}

/**
 * Writes the URI. `recorder` is `host[:port]` with optional URI parameters of its own, e.g. `;transport=tcp`.
 * Generic parameters with a reserved name are left out: metadata still carry them.
 */
export function formatRecordingUri(uri: RecordingUri, recorder: string): string {
  const out = [`sip:record=${escapeParam(uri.recordingId)}@${recorder}`];
  const add = (name: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    out.push(value === "" ? `;${escapeParam(name)}` : `;${escapeParam(name)}=${escapeParam(String(value))}`);
  };
  add("calluuid", uri.callUuid);
  add("dn", uri.dn);
  add("otherdn", uri.otherDn);
  add("recorddn", uri.recordDn);
  add("copy", uri.copy);
  add("epoch", uri.epoch);
  for (const [name, value] of uri.params) {
    if (name !== "" && !reservedUriParams.has(name.toLowerCase())) add(name, value);
  }
  return out.join("");
}

/** Reads the URI; names are matched without regard to case. Fails where it is not `sip:record=<id>@...`. */
export function readRecordingUri(text: string): Result<RecordingUri> {
  const lower = text.slice(0, 12).toLowerCase();
  const scheme = ["sip:record=", "sips:record="].find((prefix) => lower.startsWith(prefix));
  const at = text.indexOf("@");
  if (scheme === undefined || at < 0) return fail("not sip:record=<id>@<recorder>");
  const recordingId = unescape(text.slice(scheme.length, at).split(";", 1)[0] ?? "");
  if (!isRecordingId(recordingId)) return fail("bad recording id");
  const headers = text.indexOf("?", at);
  const pieces = text.slice(at + 1, headers < 0 ? undefined : headers).split(";");
  if (pieces.length - 1 > MAX_URI_PARAMS) return fail("too many parameters");
  const known = new Map<string, string>();
  const params = new Map<string, string>();
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf("=");
    const name = unescape(equals < 0 ? piece : piece.slice(0, equals));
    const value = equals < 0 ? "" : unescape(piece.slice(equals + 1));
    const key = name.toLowerCase();
    if (reservedUriParams.has(key)) known.set(key, value);
    else if (name !== "") params.set(name, value);
  }
  return ok({
    recordingId,
    ...optional("callUuid", known.get("calluuid")),
    ...optional("dn", known.get("dn")),
    ...optional("otherDn", known.get("otherdn")),
    ...optional("recordDn", known.get("recorddn")),
    ...optional("copy", wholeNumber(known.get("copy"))),
    ...optional("epoch", wholeNumber(known.get("epoch"))),
    params,
  });
}

function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  // The cast says what a computed key makes TypeScript forget.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** RFC 3261 25.1 `paramchar`: unreserved and `[ ] / : & + $` stand for themselves, every other octet is %HH. */
function escapeParam(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9\-_.!~*'()[\]/:&+$]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function unescape(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text, "utf8");
  for (let i = 0; i < source.length; i += 1) {
    const hex = source[i] === 0x25 ? source.toString("latin1", i + 1, i + 3) : "";
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(source[i] ?? 0);
  }
  return Buffer.from(bytes).toString("utf8");
}
