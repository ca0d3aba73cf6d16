import { type Result, fail, ok } from "@sidetone/foundation";
import type { KVList, KVValue } from "@sidetone/tlib";
import { isRecordingId } from "../identity/index.ts";
import { destinationMistake, samePlace } from "./destinations.ts";
import { maxParameterName, maxParameterValue, maxRecordingParameters } from "./limits.ts";
import type { SwitchFailure } from "./switch.ts";

/** What the Extensions of a recording request say (R7). */
export interface RecordingExtensions {
  readonly side: "source" | "destination";
  readonly id: string | undefined;
  readonly dest: string | undefined;
  readonly dest2: string | undefined;
  /** Generic parameters, in the order given; names are unique without regard to case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** R7: keys with a meaning of their own in a start. */
const keys = new Set(["record", "id", "dest", "dest2", "params"]);

/** R7: names that mean something in a URI (RFC 3261 19.1.1 and successors) or in the dialect. */
const reserved = new Set(
  (
    "maddr transport lr method ttl user comp sigcomp-id ob gr cause target aai " +
    "dn otherdn recorddn calluuid connid record copy epoch id dest dest2 params " +
    "filename ani dnis calltype agentid queue msml play conf dialog state initial backfill-ms tag branch q expires"
  ).split(" "),
);

/** R7, R8, R10: reads the Extensions of 3013 (`start`) or of 3014 to 3016, where every key but `params` is a generic parameter. */
export function readRecordingExtensions(
  kind: "start" | "change",
  extensions: KVList | undefined,
  destinations: readonly string[],
): Result<RecordingExtensions, SwitchFailure> {
  const fixed = new Map<string, KVValue>();
  const inline = new Map<string, readonly [name: string, value: KVValue]>();
  for (const [name, value] of Object.entries(extensions ?? {})) {
    const key = name.toLowerCase();
    if (fixed.has(key) || inline.has(key))
      return invalid(`${shown(name)} is given twice; keys are read without regard to case`);
    if (keys.has(key) && (kind === "start" || key === "params")) fixed.set(key, value);
    else inline.set(key, [name, value]);
  }
  const listed = readParams(fixed.get("params"));
  if (!listed.ok) return listed;
  const parameters = mergeParameters(listed.value, inline);
  if (!parameters.ok) return parameters;
  const side = fixed.get("record") ?? "source";
  if (side !== "source" && side !== "destination") {
    return invalid("record must be source (ThisDN, the default) or destination (the other party)");
  }
  const id = fixed.get("id");
  if (id !== undefined && (typeof id !== "string" || !isRecordingId(id))) {
    return invalid("id must be 1 to 128 of A-Z a-z 0-9 . _ -");
  }
  for (const name of ["dest", "dest2"]) {
    const mistake = fixed.has(name) ? destinationProblem(name, fixed.get(name), destinations) : undefined;
    if (mistake !== undefined) return fail(mistake);
  }
  const [dest, dest2] = [fixed.get("dest"), fixed.get("dest2")] as (string | undefined)[];
  if (dest !== undefined && dest2 !== undefined && samePlace(dest, dest2)) {
    return invalid("dest2 must name another recorder than dest");
  }
  return ok({ side, id, dest, dest2, parameters: parameters.value });
}

type Pairs = Map<string, readonly [name: string, value: KVValue]>;

/** `params`: a nested list, or `name=value;name=value`. */
function readParams(value: KVValue | undefined): Result<Pairs, SwitchFailure> {
  const pairs: Pairs = new Map();
  if (value === undefined) return ok(pairs);
  const found =
    typeof value === "string"
      ? splitPairs(value)
      : typeof value === "number" || isBinary(value)
        ? undefined
        : Object.entries(value);
  if (found === undefined) return invalid('params must be a list, or text like "name=value;name=value"');
  for (const [name, one] of found) {
    const key = name.toLowerCase();
    if (pairs.has(key)) return invalid(`${shown(name)} is given twice in params`);
    pairs.set(key, [name, one]);
  }
  return ok(pairs);
}

function splitPairs(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = [];
  for (const piece of text.split(";")) {
    if (piece.trim() === "") continue;
    const equals = piece.indexOf("=");
    if (equals < 0) return undefined;
    pairs.push([piece.slice(0, equals).trim(), piece.slice(equals + 1).trim()]);
  }
  return pairs;
}

/** R7: an inline key wins. */
function mergeParameters(listed: Pairs, inline: Pairs): Result<Map<string, string>, SwitchFailure> {
  const merged = new Map<string, string>();
  for (const [key, [name, value]] of new Map([...listed, ...inline])) {
    if (reserved.has(key))
      return invalid(`${shown(name)} is a reserved name; choose another for a parameter of your own`);
    if (!soundName(name)) {
      return invalid(
        `the parameter name ${shown(name)} must be 1 to ${maxParameterName} of A-Z a-z 0-9 . _ -, beginning with a letter or digit`,
      );
    }
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string") return invalid(`the parameter ${shown(name)} must be text or an integer`);
    if (text.length > maxParameterValue || hasControls(text)) {
      return invalid(
        `the parameter ${shown(name)} must be at most ${maxParameterValue} characters, none of them a control character`,
      );
    }
    merged.set(name, text);
  }
  if (merged.size > maxRecordingParameters) return invalid(`more than ${maxRecordingParameters} generic parameters`);
  return ok(merged);
}

function soundName(name: string): boolean {
  return name.length <= maxParameterName && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function destinationProblem(
  name: string,
  value: KVValue | undefined,
  allowed: readonly string[],
): SwitchFailure | undefined {
  if (typeof value !== "string") return { error: "InvalidAttribute", message: `Extensions: ${name} must be a SIP URI` };
  const mistake = destinationMistake(value, allowed);
  if (mistake === undefined) return undefined;
  const denied = mistake.startsWith("is not among");
  return { error: denied ? "PermissionDenied" : "InvalidAttribute", message: `Extensions: ${name} ${mistake}` };
}

function isBinary(value: KVList | { readonly $binary: string }): boolean {
  return Object.hasOwn(value, "$binary");
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

function invalid(message: string): { readonly ok: false; readonly error: SwitchFailure } {
  return fail({ error: "InvalidAttribute", message: `Extensions: ${message}` });
}
