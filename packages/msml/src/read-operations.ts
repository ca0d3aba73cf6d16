import { childElements, type XmlElement } from "@sidetone/xml";
import type { MsmlOperation } from "./document.ts";
import {
  isConfRef,
  isInstanceName,
  isObjectRef,
  isWildcardRef,
  type ObjectRef,
  type WildcardRef,
} from "./identifiers.ts";
import { unsupportedChildren, unsupportedRequests } from "./known-elements.ts";
import { readDialogEnd, readDialogStart } from "./read-dialog.ts";
import type { AudioMix, MediaStream } from "./media.ts";
import { isRecorderElement, readRecorder } from "./read-recorder.ts";
import type { RecorderCommand } from "./recorder.ts";
import { Attributes, Refused } from "./refusal.ts";

const readers = new Map<string, (el: XmlElement) => MsmlOperation>([
  ["createconference", readCreateConference],
  ["modifyconference", readModifyConference],
  ["destroyconference", readDestroyConference],
  ["join", readJoin],
  ["unjoin", readUnjoin],
  ["dialogstart", readDialogStart],
  ["dialogend", readDialogEnd],
]);

/** One request element. Throws `Refused`. */
export function readOperation(el: XmlElement): MsmlOperation {
  const reader = isRecorderElement(el) ? undefined : readers.get(el.name);
  if (reader !== undefined) return reader(el);
  if (unsupportedRequests.has(el.name)) throw new Refused(402, `<${el.name}> is not served`);
  throw new Refused(401, `<${el.name}> is not known`);
}

function readCreateConference(el: XmlElement): MsmlOperation {
  const attributes = new Attributes(el);
  // MSML 1.0 wrote `id`.
  const name = attributes.optional("name") ?? attributes.optional("id");
  attributes.optional("id");
  if (name !== undefined && !isInstanceName(name)) throw attributes.invalid("name", name, "letters, digits, . : - _");
  const deleteWhen = attributes.oneOf("deletewhen", ["nomedia", "nocontrol", "never"]) ?? "nomedia";
  const term = attributes.oneOf("term", ["true", "false"]) !== "false";
  const mark = attributes.mark();
  attributes.done();
  const audiomix = readMixers(el).audiomix;
  return {
    op: "createconference",
    ...(name === undefined ? {} : { name }),
    deleteWhen,
    term,
    ...(audiomix === undefined ? {} : { audiomix }),
    ...mark,
  };
}

function readModifyConference(el: XmlElement): MsmlOperation {
  const attributes = new Attributes(el);
  const id = attributes.requiredAs("id", isConfRef, "conf:NAME");
  const mark = attributes.mark();
  attributes.done();
  const { audiomix, recorder } = readMixers(el);
  if (audiomix === undefined && recorder === undefined)
    throw new Refused(403, "<modifyconference> has nothing to modify");
  return {
    op: "modifyconference",
    id,
    ...(audiomix === undefined ? {} : { audiomix }),
    ...(recorder === undefined ? {} : { recorder }),
    ...mark,
  };
}

function readDestroyConference(el: XmlElement): MsmlOperation {
  const attributes = new Attributes(el);
  const id = attributes.requiredAs("id", isConfRef, "conf:NAME");
  const mark = attributes.mark();
  attributes.done();
  const child = childElements(el)[0];
  if (child !== undefined) throw unexpectedChild(child, el, ["audiomix"]);
  return { op: "destroyconference", id, ...mark };
}

function readJoin(el: XmlElement): MsmlOperation {
  const attributes = new Attributes(el);
  // RFC 5707 6.2: a join names both objects.
  const id1 = attributes.requiredAs("id1", isObjectRef, "conn:TAG or conf:NAME");
  const id2 = attributes.requiredAs("id2", isObjectRef, "conn:TAG or conf:NAME");
  const mark = attributes.mark();
  attributes.done();
  return { op: "join", id1, id2, streams: readStreams(el), ...mark };
}

function readUnjoin(el: XmlElement): MsmlOperation {
  const attributes = new Attributes(el);
  const id1 = attributes.requiredAs("id1", isRefOrWildcard, "conn:TAG, conf:NAME or conn:*");
  const id2 = attributes.requiredAs("id2", isRefOrWildcard, "conn:TAG, conf:NAME or conn:*");
  if (isWildcardRef(id1) && isWildcardRef(id2)) throw attributes.invalid("id2", id2, "a wildcard on one side only");
  const mark = attributes.mark();
  attributes.done();
  return { op: "unjoin", id1, id2, streams: readStreams(el), ...mark };
}

function isRefOrWildcard(text: string): text is ObjectRef | WildcardRef {
  return isObjectRef(text) || isWildcardRef(text);
}

function readMixers(el: XmlElement): { audiomix?: AudioMix; recorder?: RecorderCommand } {
  const found: { audiomix?: AudioMix; recorder?: RecorderCommand } = {};
  for (const child of childElements(el)) {
    if (isRecorderElement(child) && el.name === "modifyconference") {
      const recorder = readRecorder(child);
      if (found.recorder !== undefined) throw new Refused(404, "<modifyconference> takes one <rec:recorder>");
      found.recorder = recorder;
    } else if (child.name === "audiomix" && !isRecorderElement(child)) {
      found.audiomix = readAudioMix(child);
    } else throw unexpectedChild(child, el, []);
  }
  return found;
}

function readAudioMix(el: XmlElement): AudioMix {
  const attributes = new Attributes(el);
  const id = attributes.optional("id");
  const sampleRate = attributes.integer("samplerate", 1, 192_000) ?? 8_000;
  attributes.done();
  let nLoudest: number | undefined;
  for (const child of childElements(el)) {
    if (child.name !== "n-loudest") throw unexpectedChild(child, el, []);
    const loudest = new Attributes(child);
    nLoudest = loudest.integer("n", 1, 1_000);
    if (nLoudest === undefined) loudest.required("n");
    loudest.done();
  }
  return { ...(id === undefined ? {} : { id }), sampleRate, ...(nLoudest === undefined ? {} : { nLoudest }) };
}

function readStreams(el: XmlElement): MediaStream[] {
  const streams: MediaStream[] = [];
  for (const child of childElements(el)) {
    if (child.name !== "stream" || isRecorderElement(child)) throw unexpectedChild(child, el, []);
    if (streams.length >= 4) throw new Refused(404, `<${el.name}> takes at most 4 <stream>`);
    const attributes = new Attributes(child);
    const media = attributes.oneOf("media", ["audio", "video"]) ?? "audio";
    const dir = attributes.oneOf("dir", ["from-id1", "to-id1"]);
    attributes.oneOf("compressed", ["true", "false"]);
    attributes.oneOf("preferred", ["true", "false"]);
    attributes.done();
    const operator = childElements(child)[0];
    // RFC 5707 8.10: operators inside an unjoin's stream are ignored.
    if (operator !== undefined && el.name !== "unjoin") throw unexpectedChild(operator, child, []);
    streams.push({ media, ...(dir === undefined ? {} : { dir }) });
  }
  return streams;
}

function unexpectedChild(child: XmlElement, parent: XmlElement, alsoUnsupported: readonly string[]): Refused {
  const text = `<${child.name}> in <${parent.name}>`;
  if (unsupportedChildren.has(child.name) || alsoUnsupported.includes(child.name)) {
    return new Refused(402, `${text} is not served`);
  }
  if (isRecorderElement(child) || readers.has(child.name)) return new Refused(404, `${text} does not belong there`);
  return new Refused(401, `${text} is not known`);
}
