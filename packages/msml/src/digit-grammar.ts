import { fail, ok, type Result } from "@sidetone/foundation";
import type { PatternFormat } from "./dialog.ts";

/** One place of a digit string. */
export interface DigitPosition {
  /** Digits, long ones as `5L`, and the timer `T`. */
  readonly accepts: ReadonlySet<string>;
  /** It may be left out. */
  readonly mayLack: boolean;
  /** It may be repeated. */
  readonly often: boolean;
}

/** What a `digits` attribute says. */
export interface DigitGrammar {
  readonly alternatives: readonly (readonly DigitPosition[])[];
  readonly returnKey?: string;
}

/** Characters of a `digits` attribute. */
const MAX_DIGITS = 512;
/** Digits of one `min`/`max`. */
const MAX_LENGTH = 128;
const KEYS = "0123456789ABCD*#";
const DECIMAL = new Set("0123456789");

/** Reads `digits` in one of the formats of RFC 5707 9.7.5.2. */
export function alternativesOf(digits: string, format: PatternFormat): Result<DigitGrammar, string> {
  if (digits.length === 0 || digits.length > MAX_DIGITS) return fail(`1 to ${MAX_DIGITS} characters`);
  if (format !== "moml+digits") return digitMap(digits, format);
  return digits.includes("=") ? lengths(digits) : plain(digits);
}

/** `5`, `xxxx#`, `#L`: keys, `x` for any decimal digit, an `L` behind a key that is held long. */
function plain(digits: string): Result<DigitGrammar, string> {
  const string: DigitPosition[] = [];
  for (let at = 0; at < digits.length; at += 1) {
    const long = digits[at + 1] === "L";
    const accepts = acceptsOf(digits[at] ?? "", long);
    if (accepts === undefined) return fail("digits, A to D, *, #, x for any digit, L behind a key held long");
    string.push({ accepts, mayLack: false, often: false });
    if (long) at += 1;
  }
  return ok({ alternatives: [string] });
}

/** `min=1;max=4;rtk=#`: how many keys, and the one that ends them before. */
function lengths(digits: string): Result<DigitGrammar, string> {
  let [min, max, returnKey]: (number | string | undefined)[] = [];
  for (const part of digits.split(";")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = part
      .slice(at + 1)
      .trim()
      .toUpperCase();
    const count = /^[0-9]{1,3}$/.test(value) ? Number(value) : undefined;
    if (name === "min" && min === undefined && count !== undefined) min = count;
    else if (name === "max" && max === undefined && count !== undefined) max = count;
    else if (name === "rtk" && returnKey === undefined && value.length === 1 && KEYS.includes(value)) returnKey = value;
    else return fail("min=N;max=N;rtk=KEY");
  }
  const most = Number(max ?? min ?? 0);
  const least = Number(min ?? 1);
  if (most < 1 || least > most || most > MAX_LENGTH) return fail(`min from 0 to max, max from 1 to ${MAX_LENGTH}`);
  const accepts = new Set(Array.from(KEYS).filter((key) => key !== returnKey));
  const string = Array.from({ length: most }, (_, i) => ({ accepts, mayLack: i >= least, often: false }));
  if (typeof returnKey !== "string") return ok({ alternatives: [string] });
  string.push({ accepts: new Set([returnKey]), mayLack: true, often: false });
  return ok({ alternatives: [string], returnKey });
}

/** A digit map: RFC 3435 2.1.5 (mgcp), RFC 3525 7.1.14 (megaco, whose timer letters and timer values change no match). */
function digitMap(text: string, format: "mgcp" | "megaco"): Result<DigitGrammar, string> {
  const expected = "a digit map, e.g. (0T|[1-7]xxx|9011x.T)";
  const written = text.replaceAll(/[ \t\r\n]/g, "");
  const timers = format === "megaco" ? /^(?:[TSLZ]:[0-9]{1,2},)+/i.exec(written)?.[0].length : 0;
  let body = written.slice(timers ?? 0);
  if (body.startsWith("(") && body.endsWith(")")) body = body.slice(1, -1);
  const alternatives: DigitPosition[][] = [];
  for (const string of body.split("|")) {
    const positions = digitString(string.toUpperCase(), format);
    if (positions === undefined || positions.length === 0) return fail(expected);
    alternatives.push(positions);
  }
  return ok({ alternatives });
}

function digitString(string: string, format: "mgcp" | "megaco"): DigitPosition[] | undefined {
  const positions: DigitPosition[] = [];
  let long = false;
  for (let at = 0; at < string.length; at += 1) {
    const letter = string[at] ?? "";
    if (format === "megaco" && (letter === "S" || letter === "L")) continue;
    if (format === "megaco" && letter === "Z") {
      long = true;
      continue;
    }
    const range = letter === "[" ? rangeFrom(string, at) : undefined;
    const accepts = letter === "[" ? range?.accepts : acceptsOf(letter, long, true);
    if (accepts === undefined) return undefined;
    at = range?.end ?? at;
    // MGCP: a dot is any number of what stands before it, none included.
    const often = string[at + 1] === ".";
    if (often) at += 1;
    positions.push({ accepts, mayLack: often, often });
    long = false;
  }
  return long ? undefined : positions;
}

function rangeFrom(string: string, from: number): { accepts: Set<string>; end: number } | undefined {
  const end = string.indexOf("]", from);
  const inside = string.slice(from + 1, Math.max(end, from));
  const accepts = new Set<string>();
  for (let at = 0; at < inside.length; at += 1) {
    const [first, last] = [inside.charCodeAt(at), inside.charCodeAt(at + 2)];
    if (inside[at + 1] === "-") {
      if (!(first >= 0x30 && last <= 0x39 && first <= last)) return undefined;
      for (let digit = first; digit <= last; digit += 1) accepts.add(String.fromCharCode(digit));
      at += 2;
      continue;
    }
    const one = acceptsOf(inside[at] ?? "", false, true);
    if (one === undefined) return undefined;
    for (const key of one) accepts.add(key);
  }
  return end < 0 || accepts.size === 0 ? undefined : { accepts, end };
}

function acceptsOf(letter: string, long: boolean, timer = false): ReadonlySet<string> | undefined {
  const mark = long ? "L" : "";
  if (letter === "x" || letter === "X") return long ? new Set(Array.from(DECIMAL, (digit) => `${digit}L`)) : DECIMAL;
  if (letter === "T" && timer && !long) return new Set(["T"]);
  const key = letter.toUpperCase();
  return letter !== "" && KEYS.includes(key) ? new Set([`${key}${mark}`]) : undefined;
}
