import { fail, ok, type Result } from "@sidetone/foundation";

/** How the text of a `<pattern>` is to be read (RFC 5707 9.7.5.2). */
export type PatternFormat = "moml+digits" | "mgcp" | "megaco";

/**
 * What digits are to a pattern. `none`: they can become no match. `partial`: not yet one. `open`: a match, which further digits or a
 * return key may belong to. `match`: a match that nothing can be added to.
 */
export type PatternVerdict = "none" | "partial" | "open" | "match";

/** A compiled pattern. */
export interface DigitPattern {
  /**
   * @param digits in the order of keys: `0`-`9`, `*`, `#`, `A`-`D`, with an `L` behind for a long one
   * @param silence no further digit came in time: what is `open` is a match
   */
  judge(digits: readonly string[], silence: boolean): PatternVerdict;
}

/** Characters of one pattern. */
const MAX_PATTERN = 256;
/** Alternatives of one digit map. */
const MAX_ALTERNATIVES = 64;
/** Digits that a length specification may ask for. */
const MAX_LENGTH = 64;

const KEYS = "0123456789ABCD*#";

/** Compiles a pattern; fails with what is wrong in it. */
export function compilePattern(text: string, format: PatternFormat): Result<DigitPattern, string> {
  if (text.length === 0 || text.length > MAX_PATTERN) return fail(`a pattern has 1 to ${MAX_PATTERN} characters`);
  if (format !== "moml+digits") return digitMap(text, format);
  return text.includes("=") ? lengthSpecification(text) : digitSequence(text);
}

/** `xxxx#`: one step a key, `x` any digit, `L` behind a key a long one. */
function digitSequence(text: string): Result<DigitPattern, string> {
  const steps: string[][] = [];
  for (const char of text.toUpperCase()) {
    const last = steps.at(-1);
    if (char === "X") steps.push(Array.from("0123456789"));
    else if (KEYS.includes(char)) steps.push([char]);
    else if (char === "L" && last?.length === 1 && last[0]?.length === 1) steps[steps.length - 1] = [`${last[0]}L`];
    else return fail(`"${char}" is no digit of a pattern`);
  }
  return ok({
    judge(digits) {
      if (digits.length > steps.length) return "none";
      const fits = digits.every((digit, index) => steps[index]?.includes(digit));
      if (!fits) return "none";
      return digits.length === steps.length ? "match" : "partial";
    },
  });
}

/** `min=4;max=8;rtk=#`: so many digits, with a key that ends them. It is no digit of theirs. */
function lengthSpecification(text: string): Result<DigitPattern, string> {
  const values = new Map<string, string>();
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at)).trim().toLowerCase();
    if (!["min", "max", "length", "rtk"].includes(name) || values.has(name))
      return fail(`"${part}" is no length specification`);
    values.set(name, part.slice(at + 1).trim());
  }
  const length = values.get("length");
  const [min, max] = [lengthOf(values.get("min") ?? length ?? "1"), lengthOf(values.get("max") ?? length ?? "64")];
  const key = values.get("rtk")?.toUpperCase();
  if (min === undefined || max === undefined || min > max) return fail(`min and max are from 1 to ${MAX_LENGTH}`);
  if (key !== undefined && !(key.length === 1 && KEYS.includes(key))) return fail("rtk is one key");
  return ok({
    judge(digits, silence) {
      const ended = key !== undefined && digits.at(-1) === key;
      const count = ended ? digits.length - 1 : digits.length;
      if (count > max || (key !== undefined && digits.slice(0, count).includes(key))) return "none";
      if (ended) return count >= min ? "match" : "none";
      if (count < min) return silence ? "none" : "partial";
      if (count === max && key === undefined) return "match";
      return silence ? "match" : "open";
    },
  });
}

function lengthOf(text: string): number | undefined {
  const value = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= MAX_LENGTH ? value : undefined;
}

interface Step {
  /** Keys it takes; `timer` takes silence. */
  readonly keys: ReadonlySet<string>;
  readonly timer: boolean;
  /** Any number of them, none included. */
  readonly repeats: boolean;
}

/** A digit map of MGCP (RFC 3435 2.1.5) or Megaco (RFC 3525 7.1.14): alternatives in parentheses. */
function digitMap(text: string, format: "mgcp" | "megaco"): Result<DigitPattern, string> {
  const inner = text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  const parts = inner.split("|");
  if (parts.length > MAX_ALTERNATIVES) return fail(`a digit map has at most ${MAX_ALTERNATIVES} alternatives`);
  const alternatives: Step[][] = [];
  for (const part of parts) {
    const steps = stepsOf(part.trim().toUpperCase(), format);
    if (!steps.ok) return steps;
    alternatives.push(steps.value);
  }
  return ok({
    judge(digits, silence) {
      const verdicts = alternatives.map((steps) => judgeSteps(steps, digits, silence));
      if (verdicts.some(({ done }) => done)) return verdicts.some(({ more }) => more) && !silence ? "open" : "match";
      return verdicts.some(({ more }) => more) && !silence ? "partial" : "none";
    },
  });
}

function stepsOf(text: string, format: "mgcp" | "megaco"): Result<Step[], string> {
  const steps: Step[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at);
    let keys: string[] | undefined;
    let timer = false;
    if (char === "[") {
      const end = text.indexOf("]", at);
      keys = end < 0 ? undefined : rangeOf(text.slice(at + 1, end));
      at = end;
    } else if (char === "X") keys = Array.from("0123456789");
    else if (KEYS.includes(char)) keys = [char];
    else if (char === "T" || (format === "megaco" && (char === "S" || char === "L"))) {
      timer = true;
      keys = [];
    } else if (format === "megaco" && char === "Z") {
      // The key that follows is a long one.
      at += 1;
      keys = KEYS.includes(text.charAt(at)) && at < text.length ? [`${text.charAt(at)}L`] : undefined;
    }
    if (keys === undefined) return fail(`"${text}" is no alternative of a digit map`);
    at += 1;
    const repeats = text.charAt(at) === ".";
    if (repeats) at += 1;
    steps.push({ keys: new Set(keys), timer, repeats });
  }
  return steps.length === 0 ? fail("a digit map has an empty alternative") : ok(steps);
}

function rangeOf(text: string): string[] | undefined {
  const keys: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const [from, to] = [text.charAt(at), text.charAt(at + 2)];
    if (text.charAt(at + 1) === "-") {
      if (!(from >= "0" && from <= to && to <= "9")) return undefined;
      for (let digit = Number(from); digit <= Number(to); digit++) keys.push(String(digit));
      at += 2;
    } else if (from === "X") keys.push(...Array.from("0123456789"));
    else if (KEYS.includes(from)) keys.push(from);
    else return undefined;
  }
  return keys.length === 0 ? undefined : keys;
}

/** Every place that the digits may have led to. A step that repeats may be passed over. */
function judgeSteps(steps: readonly Step[], digits: readonly string[], silence: boolean): { done: boolean; more: boolean } {
  let places = reach(steps, new Set([0]), silence && digits.length === 0);
  digits.forEach((digit, index) => {
    const next = new Set<number>();
    for (const place of places) {
      const step = steps[place];
      if (step === undefined || !step.keys.has(digit)) continue;
      next.add(step.repeats ? place : place + 1);
    }
    places = reach(steps, next, silence && index === digits.length - 1);
  });
  const done = places.has(steps.length);
  const more = Array.from(places).some((place) => place < steps.length);
  return { done, more };
}

function reach(steps: readonly Step[], from: ReadonlySet<number>, silence: boolean): Set<number> {
  const places = new Set<number>();
  const waiting = Array.from(from);
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (places.has(place)) continue;
    places.add(place);
    const step = steps[place];
    if (step !== undefined && (step.repeats || (silence && step.timer))) waiting.push(place + 1);
  }
  return places;
}
