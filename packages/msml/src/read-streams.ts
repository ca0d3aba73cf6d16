import type { Join, ModifyStream, Monitor, Unjoin } from "./document.ts";
import type { ElementReader } from "./element-reader.ts";
import {
  type ConnRef,
  isConfRef,
  isConnRef,
  isObjectRef,
  isWildcardRef,
  type ObjectRef,
  type WildcardRef,
} from "./identifiers.ts";
import type { Clamp, Gain, MediaStream } from "./media.ts";
import { present } from "./present.ts";

const MAX_CHILD_STREAMS = 4;
/** Of the RFC's schema, where its text has no default (8.12.1.1). */
const DEFAULT_MAX_GAIN_DB = 10;

/** RFC 5707 8.8. */
export function readJoin(el: ElementReader): Join {
  const [id1, id2] = [objectOf(el, "id1"), objectOf(el, "id2")];
  const mark = el.mark();
  el.done();
  return { op: "join", id1, id2, streams: readStreams(el, id1, id2), ...mark };
}

/** RFC 5707 8.9. */
export function readModifyStream(el: ElementReader): ModifyStream {
  const { id1, id2 } = pairOf(el);
  const mark = el.mark();
  el.done();
  const streams = readStreams(el, id1, id2);
  if (streams.length === 0) throw el.refused(403, "modifies nothing", "put a <stream> into it");
  return { op: "modifystream", id1, id2, streams, ...mark };
}

/** RFC 5707 8.10. */
export function readUnjoin(el: ElementReader): Unjoin {
  const { id1, id2 } = pairOf(el);
  const mark = el.mark();
  el.done();
  return { op: "unjoin", id1, id2, streams: readStreams(el, id1, id2), ...mark };
}

/** RFC 5707 8.11. */
export function readMonitor(el: ElementReader): Monitor {
  const id1 = objectOf(el, "id1");
  const id2 = objectOf(el, "id2");
  const compressed = el.flag("compressed") ?? false;
  const mark = el.mark();
  el.done();
  el.empty();
  if (!isConnRef(id1)) throw el.refused(440, `id1="${id1}" is no connection`, "monitor a connection, conn:TAG");
  return { op: "monitor", id1: id1 satisfies ConnRef, id2, compressed, ...mark };
}

function objectOf(el: ElementReader, name: "id1" | "id2"): ObjectRef {
  const expected = "conn:TAG or conf:NAME";
  const value = el.required(name, expected);
  if (isObjectRef(value)) return value;
  throw otherClass(el, name, value) ?? el.invalid(name, value, expected);
}

/** What may be a wildcard on one side (8.9, 8.10). */
function pairOf(el: ElementReader): { id1: ObjectRef | WildcardRef; id2: ObjectRef | WildcardRef } {
  const expected = "conn:TAG, conf:NAME, conn:* or conf:*";
  const [text1, text2] = [el.required("id1", expected), el.required("id2", expected)];
  const id1 = wildOf(el, "id1", text1, text2, expected);
  const id2 = wildOf(el, "id2", text2, text1, expected);
  if (isWildcardRef(id1) && isWildcardRef(id2)) throw el.invalid("id2", id2, "a wildcard on one side only");
  return { id1, id2 };
}

function wildOf(
  el: ElementReader,
  name: "id1" | "id2",
  text: string,
  other: string,
  expected: string,
): ObjectRef | WildcardRef {
  if (isObjectRef(text) || isWildcardRef(text)) return text;
  if (text === "*" && isConfRef(other)) {
    el.deviation(410, `${name}="*" has no class`, 'say "conn:*"');
    return "conn:*";
  }
  throw otherClass(el, name, text) ?? el.invalid(name, text, expected);
}

/** 440 for the id of an object that has no streams to be joined: a dialog, an operator. */
function otherClass(el: ElementReader, name: string, value: string) {
  if (!/^(?:con[fn]:[^/*]{1,256}\/)?(?:dialog|oper):[^/]{1,256}/.test(value)) return undefined;
  return el.refused(440, `${name} names a dialog or an operator`, "name a connection or a conference");
}

function readStreams(el: ElementReader, id1: string, id2: string): MediaStream[] {
  const children = el.children();
  if (children.length > MAX_CHILD_STREAMS) {
    throw el.refused(404, `has more than ${MAX_CHILD_STREAMS} children`, "use a second request element");
  }
  return children.map((child) => {
    if (!child.is("stream")) throw child.misplaced(el);
    return readStream(child, el.name === "unjoin", id1, id2);
  });
}

function readStream(el: ElementReader, ended: boolean, id1: string, id2: string): MediaStream {
  const media = el.oneOf("media", ["audio", "video"]) ?? "audio";
  if (el.optional("media") === undefined) el.deviation(408, "has no media", 'say media="audio"');
  const dir = el.oneOf("dir", ["from-id1", "to-id1"]);
  const compressed = el.flag("compressed");
  const preferred = el.flag("preferred");
  for (const name of ["display", "override"]) {
    if (el.optional(name) !== undefined) throw el.refused(407, `${name} is not served`, "leave it out");
  }
  el.done();
  const heardBy = [dir === "to-id1" ? "" : id2, dir === "from-id1" ? "" : id1];
  if (preferred === true && (media !== "audio" || !heardBy.some((id) => id.startsWith("conf:")))) {
    throw el.refused(409, "preferred is for audio into a conference (RFC 5707 8.12.1)", "leave it out");
  }
  const children = el.children();
  // RFC 5707 8.10: operators inside an unjoin's stream are ignored.
  if (ended && children.length > 0) el.deviation(404, "has operators within <unjoin>", "leave them out");
  const operators = ended ? {} : readOperators(el, children);
  return { media, ...present({ dir, compressed, preferred }), ...operators };
}

function readOperators(el: ElementReader, children: readonly ElementReader[]): { gain?: Gain; clamp?: Clamp } {
  const found: { gain?: Gain; clamp?: Clamp } = {};
  for (const child of children) {
    const isGain = child.is("gain");
    if (!isGain && !child.is("clamp")) throw child.misplaced(el);
    if ((isGain ? found.gain : found.clamp) !== undefined) {
      throw child.refused(404, "is there twice", "leave one of them out");
    }
    if (isGain) found.gain = readGain(child);
    else found.clamp = readClamp(child);
  }
  return found;
}

/** RFC 5707 8.12.1.1. */
export function readGain(el: ElementReader): Gain {
  el.optional("id");
  const amount = el.optional("amt");
  const agc = el.flag("agc");
  const targetDb = el.integer("tgtlvl", -40, 0);
  const maxGainDb = el.integer("maxgain", 0, 40);
  el.done();
  el.empty();
  if (agc === undefined) {
    if (amount === undefined) throw el.missing("amt", "how much, in dB, or mute; or agc");
    for (const [name, value] of [
      ["tgtlvl", targetDb],
      ["maxgain", maxGainDb],
    ] as const) {
      if (value !== undefined) throw el.refused(409, `has ${name} without agc`, "leave it out");
    }
    return amountOf(el, amount);
  }
  if (amount !== undefined) throw el.refused(409, "has both amt and agc", "leave one of them out");
  if (!agc) return { kind: "agc-off" };
  if (targetDb === undefined) throw el.missing("tgtlvl", "the level that is aimed at, dBm0");
  if (maxGainDb === undefined) el.deviation(408, "has agc without maxgain", `say maxgain="${DEFAULT_MAX_GAIN_DB}"`);
  return { kind: "agc", targetDb, maxGainDb: maxGainDb ?? DEFAULT_MAX_GAIN_DB };
}

function amountOf(el: ElementReader, amount: string): Gain {
  if (amount === "mute") return { kind: "mute" };
  if (amount === "unmute") {
    el.deviation(410, 'amt="unmute" is no word of RFC 5707', 'say amt="0"');
    return { kind: "unmute" };
  }
  const [, number, unit] = /^([+-]?[0-9]{1,3})( ?dB)?$/i.exec(amount) ?? [];
  if (number === undefined || Math.abs(Number(number)) > 96) {
    throw el.invalid("amt", amount, "a whole number of dB from -96 to 96, or mute");
  }
  if (unit !== undefined) el.deviation(410, "amt has a unit", `say amt="${number}"`);
  return { kind: "fixed", db: Number(number) + 0 };
}

/** RFC 5707 8.12.1.2; its schema writes `tones`. */
export function readClamp(el: ElementReader): Clamp {
  const dtmf = el.flag("dtmf") ?? false;
  const [tone, tones] = [el.flag("tone"), el.flag("tones")];
  el.done();
  el.empty();
  return { dtmf, tone: tone ?? tones ?? false };
}
