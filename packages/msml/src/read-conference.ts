import type { CreateConference, DestroyConference, ModifyConference, ReservedResource, Reserve } from "./document.ts";
import { type ElementReader, isRecorderElement } from "./element-reader.ts";
import { isConfRef } from "./identifiers.ts";
import { MAX_LIST } from "./limits.ts";
import type { ActiveSpeakers, AudioMix } from "./media.ts";
import { present } from "./present.ts";
import { readRecorder } from "./read-recorder.ts";
import type { RecorderCommand } from "./recorder.ts";

/** RFC 5707 8.6.2 gives no default for `ri`: once a second. */
const DEFAULT_ASN_MS = 1000;

/** RFC 5707 8.3. */
export function readCreateConference(el: ElementReader): CreateConference {
  // MSML 1.0 wrote `id`.
  const name = el.instance("name", el.alias("name", "id"));
  const deleteWhen = el.oneOfText("deletewhen", el.alias("deletewhen"), ["nomedia", "nocontrol", "never"]) ?? "nomedia";
  const term = el.flag("term") ?? true;
  const mark = el.mark();
  el.done();
  let audiomix: AudioMix | undefined;
  let reserve: Reserve | undefined;
  for (const child of el.children()) {
    if (child.is("audiomix")) audiomix = once(child, audiomix, readAudioMix);
    else if (child.is("reserve")) reserve = once(child, reserve, readReserve);
    else throw child.misplaced(el);
  }
  return { op: "createconference", ...present({ name, deleteWhen, term, audiomix, reserve }), ...mark };
}

/** RFC 5707 8.4, with our `rec:recorder`. */
export function readModifyConference(el: ElementReader): ModifyConference {
  const id = el.requiredAs("id", isConfRef, "conf:NAME");
  const mark = el.mark();
  el.done();
  let audiomix: AudioMix | undefined;
  let recorder: RecorderCommand | undefined;
  for (const child of el.children()) {
    if (isRecorderElement(child.element)) {
      if (child.name !== "recorder") throw child.misplaced(el);
      recorder = once(child, recorder, readRecorder);
    } else if (child.is("audiomix")) audiomix = once(child, audiomix, readAudioMix);
    else throw child.misplaced(el);
  }
  if (audiomix === undefined && recorder === undefined) {
    throw el.refused(403, "has nothing to modify", "put an <audiomix> or a <rec:recorder> into it");
  }
  return { op: "modifyconference", ...present({ id, audiomix, recorder }), ...mark };
}

/** RFC 5707 8.5: what else a mixer holds is ignored here. */
export function readDestroyConference(el: ElementReader): DestroyConference {
  const id = el.requiredAs("id", isConfRef, "conf:NAME");
  const mark = el.mark();
  el.done();
  let audiomix: { id?: string } | undefined;
  for (const child of el.children()) {
    if (!child.is("audiomix")) throw child.misplaced(el);
    audiomix = once(child, audiomix, (mix) => present({ id: readAudioMix(mix).id }));
  }
  return { op: "destroyconference", ...present({ id, audiomix }), ...mark };
}

/** `<audiomix>`, of a request or of an `<auditresult>`. */
export function readAudioMix(el: ElementReader): AudioMix {
  const id = el.optional("id");
  const sampleRate = el.integer("samplerate", 1, 192_000);
  el.done();
  let nLoudest: number | undefined;
  let asn: ActiveSpeakers | undefined;
  for (const child of el.children()) {
    if (child.is("n-loudest")) nLoudest = once(child, nLoudest, readLoudest);
    else if (child.is("asn")) asn = once(child, asn, readAsn);
    else throw child.misplaced(el);
  }
  return present({ id, sampleRate, nLoudest, asn });
}

function readLoudest(el: ElementReader): number {
  const n = el.integer("n", 1, 1_000);
  if (n === undefined) throw el.missing("n", "how many are mixed");
  el.done();
  el.empty();
  return n;
}

function readAsn(el: ElementReader): ActiveSpeakers {
  const intervalMs = el.time("ri", "s") ?? DEFAULT_ASN_MS;
  const thresholdDb = el.integerText("asth", el.alias("asth"), -96, 0) ?? -96;
  el.done();
  el.empty();
  return { intervalMs, thresholdDb };
}

function readReserve(el: ElementReader): Reserve {
  const required = el.flag("required") ?? true;
  el.done();
  const resources = el.children().map((child): ReservedResource => {
    if (!child.is("resource")) throw child.misplaced(el);
    const n = child.integer("n", 1, 1_000_000) ?? 1;
    const type = child.oneOf("type", ["individual", "shared"]) ?? "individual";
    // Descriptions are the server's own matter (8.3.1.1).
    const elements = child.children().map(({ name }) => name);
    return { n, type, elements };
  });
  if (resources.length === 0) throw el.refused(403, "reserves nothing", "put a <resource> into it");
  if (resources.length > MAX_LIST)
    throw el.refused(521, `has more than ${MAX_LIST} <resource>`, "reserve less at once");
  return { required, resources };
}

/** Reads a child that there may be one of. */
function once<T>(child: ElementReader, before: T | undefined, read: (el: ElementReader) => T): T {
  if (before !== undefined) throw child.refused(404, "is there twice", "leave one of them out");
  return read(child);
}
