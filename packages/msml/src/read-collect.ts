import {
  type Collect,
  type DialogAction,
  type Iterations,
  type Pattern,
  patternFormats,
  type Play,
  type Repeated,
} from "./dialog.ts";
import { digitMatcher } from "./digit-pattern.ts";
import type { ElementReader } from "./element-reader.ts";
import { MAX_PATTERNS } from "./limits.ts";
import { present } from "./present.ts";
import { readActions, readExits } from "./read-actions.ts";
import { readPlay } from "./read-play.ts";

/** A long digit (RFC 5707 9.7.5, `ldd`); ms. */
const LONG_DIGIT_MS = { min: 100, max: 100_000 };

/** `<collect>` and `<dtmf>` (RFC 5707 9.7.5); the children in any order, as the RFC's examples have them. */
export function readCollect(el: ElementReader): Collect {
  const id = el.optional("id");
  const clearDigits = el.flag("cleardb") ?? true;
  const firstDigitMs = el.time("fdt", "s") ?? 0;
  const interDigitMs = el.time("idt", "s") ?? 4000;
  const extraDigitMs = el.time("edt", "s") ?? 4000;
  const startTimer = el.flag("starttimer") ?? false;
  const iterate = el.iterations() ?? 1;
  const longDigitMs = el.time("ldd", "s") ?? 0;
  if (longDigitMs !== 0 && (longDigitMs < LONG_DIGIT_MS.min || longDigitMs > LONG_DIGIT_MS.max)) {
    throw el.invalid("ldd", `${longDigitMs}ms`, "0s, or 100ms to 100s");
  }
  el.done();
  const { exits, others } = readExits(el, "dtmfexit");
  const patterns: Pattern[] = [];
  let play: Play | undefined;
  let onDetect: readonly DialogAction[] | undefined;
  let onNoInput: Repeated | undefined;
  let onNoMatch: Repeated | undefined;
  for (const child of others) {
    if (child.is("pattern")) patterns.push(readPattern(child, iterate));
    else if (child.is("play")) play = once(child, play, readPlay);
    else if (child.is("detect")) onDetect = once(child, onDetect, readDetect);
    else if (child.is("noinput")) onNoInput = once(child, onNoInput, (c) => readRepeated(c, iterate));
    else if (child.is("nomatch")) onNoMatch = once(child, onNoMatch, (c) => readRepeated(c, iterate));
    else throw child.misplaced(el);
  }
  if (patterns.length === 0) throw el.refused(403, "has no <pattern>", "say what digits are expected");
  if (patterns.length > MAX_PATTERNS) {
    throw el.refused(521, `has more than ${MAX_PATTERNS} <pattern>`, "use a digit map");
  }
  return {
    kind: "collect",
    ...present({ id, clearDigits, firstDigitMs, interDigitMs, extraDigitMs, startTimer, iterate, longDigitMs, play }),
    patterns,
    onDetect: onDetect ?? [],
    ...present({ onNoInput, onNoMatch }),
    onExit: exits,
  };
}

function readPattern(el: ElementReader, inherited: Iterations): Pattern {
  const digits = el.required("digits", "the digits that are expected");
  const format = el.oneOf("format", patternFormats) ?? "moml+digits";
  const compiled = digitMatcher(digits, format);
  if (!compiled.ok) throw el.invalid("digits", digits, compiled.error);
  return { digits, format, ...readRepeated(el, inherited) };
}

function readRepeated(el: ElementReader, inherited: Iterations): Repeated {
  const iterate = el.iterations() ?? inherited;
  el.done();
  return { iterate, actions: readActions(el) };
}

function readDetect(el: ElementReader): DialogAction[] {
  el.done();
  return readActions(el);
}

/** Reads a child that there may be one of. */
function once<T>(child: ElementReader, before: T | undefined, read: (el: ElementReader) => T): T {
  if (before !== undefined) throw child.refused(404, "is there twice", "leave one of them out");
  return read(child);
}
