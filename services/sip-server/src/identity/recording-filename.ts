import { type Result, SidetoneError, fail, ok, rfc3339 } from "@sidetone/foundation";
import { maxRecordingId } from "./limits.ts";

/** What R9's variables are filled from; an absent one gives nothing. */
export interface FilenameVariables {
  readonly uuid: string;
  readonly connId: string;
  /** Start of the recording, wall-clock microseconds: `$DATE$` is `YYYYMMDD`, `$TIME$` is `HHMMSS`, UTC. */
  readonly startMicros: number;
  readonly ani?: string | undefined;
  readonly dnis?: string | undefined;
  readonly agentId?: string | undefined;
  readonly agentDn?: string | undefined;
  /** The Call-ID of the first leg. */
  readonly callId?: string | undefined;
}

const values: ReadonlyMap<string, (v: FilenameVariables) => string | undefined> = new Map([
  ["ANI", (v: FilenameVariables) => v.ani],
  ["DNIS", (v: FilenameVariables) => v.dnis],
  ["DATE", (v: FilenameVariables) => rfc3339(v.startMicros).slice(0, 10).replaceAll("-", "")],
  ["TIME", (v: FilenameVariables) => rfc3339(v.startMicros).slice(11, 19).replaceAll(":", "")],
  ["CONNID", (v: FilenameVariables) => v.connId],
  ["UUID", (v: FilenameVariables) => v.uuid],
  ["AGENTID", (v: FilenameVariables) => v.agentId],
  ["AGENTDN", (v: FilenameVariables) => v.agentDn],
  ["CALLID", (v: FilenameVariables) => v.callId],
]);

/** The variables of R9 without their dollar signs. */
export const filenameVariableNames: readonly string[] = Array.from(values.keys());

type Piece = { readonly text: string } | { readonly variable: (v: FilenameVariables) => string | undefined };

/** What is wrong with a `recording-filename` template, for the check of the configuration; undefined where it is right. */
export function filenameTemplateMistake(template: string): string | undefined {
  const read = readTemplate(template);
  return read.ok ? undefined : read.error;
}

/**
 * R9: the recording's file name, which is also its id (R8): `[A-Za-z0-9_-]{1,128}`, never with an extension. Every other
 * character becomes `_`. Without the part that makes it unique: that is `RecordingIds`.
 * @throws SidetoneError `recording-filename-template` where the template is wrong: the configuration should have been checked
 */
export function recordingFilename(template: string, variables: FilenameVariables): string {
  const read = readTemplate(template);
  if (!read.ok)
    throw new SidetoneError("recording-filename-template", read.error, {
      exit: 1,
      remedy: `Known variables: ${knownVariables()}.`,
    });
  let name = "";
  for (const piece of read.value) name += "text" in piece ? piece.text : (piece.variable(variables) ?? "");
  const safe = safeName(name).slice(0, maxRecordingId);
  return safe === "" ? "_" : safe;
}

/** The name with a suffix that makes it unique, cut so that the whole stays within 128 characters. */
export function suffixedName(base: string, copy: number): string {
  if (copy === 1) return base;
  const suffix = `-${copy}`;
  return base.slice(0, maxRecordingId - suffix.length) + suffix;
}

/** R8: whether a client's recording id has the right form. */
export function isRecordingId(text: string): boolean {
  return text.length <= maxRecordingId && /^[A-Za-z0-9._-]+$/.test(text);
}

function readTemplate(template: string): Result<Piece[]> {
  if (template === "") return fail("the template is empty");
  const pieces: Piece[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf("$", at);
    if (open < 0) {
      pieces.push({ text: template.slice(at) });
      break;
    }
    if (open > at) pieces.push({ text: template.slice(at, open) });
    const close = template.indexOf("$", open + 1);
    if (close < 0) return fail(`a $ without its partner at character ${open + 1}`);
    const name = template.slice(open + 1, close);
    const variable = values.get(name);
    if (variable === undefined) return fail(`unknown variable $${name}$; known are ${knownVariables()}`);
    pieces.push({ variable });
    at = close + 1;
  }
  return ok(pieces);
}

function knownVariables(): string {
  return filenameVariableNames.map((name) => `$${name}$`).join(" ");
}

function safeName(name: string): string {
  let safe = "";
  for (const character of name) safe += /[A-Za-z0-9_-]/.test(character) ? character : "_";
  return safe;
}
