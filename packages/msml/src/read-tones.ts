import type { DtmfGen, Iterations, Sine, ToneGen, TonePart } from "./dialog.ts";
import type { ElementReader } from "./element-reader.ts";
import { MAX_DIGITS, MAX_TONES } from "./limits.ts";
import { present } from "./present.ts";
import { readExits } from "./read-actions.ts";

/** RFC 5707 9.7.2. */
export function readDtmfGen(el: ElementReader): DtmfGen {
  const id = el.optional("id");
  const said = el.required("digits", "digits, A to D, * and #");
  const digits = said.toUpperCase();
  if (!/^[0-9A-D#*]+$/.test(digits)) throw el.invalid("digits", said, "digits, A to D, * and #");
  if (digits.length > MAX_DIGITS) throw el.refused(521, `has more than ${MAX_DIGITS} digits`, "use several <dtmfgen>");
  const levelDb = el.integer("level", -96, 0) ?? -6;
  const durationMs = el.time("dur", "ms") ?? 100;
  const intervalMs = el.time("interval", "ms") ?? 100;
  el.done();
  const { exits, others } = readExits(el, "dtmfgenexit");
  const stray = others[0];
  if (stray !== undefined) throw stray.misplaced(el);
  if (durationMs === 0) throw el.invalid("dur", "0", "more than 0ms");
  return { kind: "dtmfgen", ...present({ id }), digits, levelDb, durationMs, intervalMs, onExit: exits };
}

/** RFC 5707 9.7.3. */
export function readToneGen(el: ElementReader): ToneGen {
  const id = el.optional("id");
  const iterate = el.iterations() ?? 1;
  el.done();
  const { exits, others } = readExits(el, "tonegenexit");
  if (others.length === 0) throw el.refused(403, "makes nothing", "put a <tone> into it");
  if (others.length > MAX_TONES) throw el.refused(521, `has more than ${MAX_TONES} parts`, "use several <tonegen>");
  const parts = others.map((child): TonePart => {
    if (child.is("tone")) return readTone(child);
    if (child.is("silence")) return { kind: "silence", durationMs: readSilence(child) };
    throw child.misplaced(el);
  });
  return { kind: "tonegen", ...present({ id }), parts, iterate, onExit: exits };
}

/** RFC 5707 9.7.3.1. */
function readTone(el: ElementReader): TonePart {
  const durationMs = durationOf(el);
  const iterate: Iterations = el.iterations() ?? 1;
  el.done();
  const sines = new Map<string, Sine>();
  let silenceMs = 0;
  for (const child of el.children()) {
    if (child.is("silence")) silenceMs += readSilence(child);
    else if (child.is("tone1") || child.is("tone2")) {
      if (sines.has(child.name)) throw child.refused(404, "is there twice", "leave one of them out");
      sines.set(child.name, readSine(child));
    } else throw child.misplaced(el);
  }
  if (sines.size === 0) throw el.refused(403, "has neither <tone1> nor <tone2>", "say a frequency");
  return { kind: "tone", sines: Array.from(sines.values()), durationMs, iterate, silenceMs };
}

function readSine(el: ElementReader): Sine {
  const frequency = el.integerText("freq", el.required("freq", "Hz")?.replace(/ ?Hz$/i, ""), 0, 3999);
  const levelDb = el.integer("atten", -96, 0);
  if (frequency === undefined) throw el.missing("freq", "Hz");
  if (levelDb === undefined) throw el.missing("atten", "dBm0");
  el.done();
  el.empty();
  return { frequency, levelDb };
}

function readSilence(el: ElementReader): number {
  const durationMs = durationOf(el);
  el.done();
  el.empty();
  return durationMs;
}

/** In steps of 10 ms (RFC 5707 9.7.3.1); others are forgiven, and rounded. */
function durationOf(el: ElementReader): number {
  const text = el.required("duration", "a time, e.g. 200ms");
  // 0 needs no unit: it is no time, but for ever.
  const durationMs = text === "0" ? 0 : (el.time("duration", "ms") ?? 0);
  if (durationMs % 10 === 0) return durationMs;
  el.deviation(410, `duration="${text}" is no multiple of 10ms`, "round it");
  return Math.max(10, Math.round(durationMs / 10) * 10);
}
