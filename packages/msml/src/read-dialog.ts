import { childElements, type XmlElement } from "@sidetone/xml";
import type { DialogEnd, DialogStart } from "./document.ts";
import { isDialogRef, isInstanceName, isObjectRef } from "./identifiers.ts";
import { MAX_AUDIO, MAX_ITERATIONS, MAX_PARAM, MAX_TIME_MS } from "./limits.ts";
import { dialogType, type Play, playOf } from "./dialog.ts";
import { recorderNamespace } from "./recorder.ts";
import { Attributes, Refused } from "./refusal.ts";

/** Other primitives and controls of RFC 5707's dialog packages. */
const unsupportedPrimitives: ReadonlySet<string> = new Set([
  "collect",
  "detect",
  "disconnect",
  "dtmf",
  "dtmfgen",
  "exit",
  "faxdetect",
  "faxrcv",
  "faxsend",
  "group",
  "record",
  "relay",
  "send",
  "speech",
  "tonegen",
  "tts",
  "vad",
  "gain",
  "agc",
  "gate",
  "clamp",
]);

/** What else a `<play>` of the RFC may hold. */
const unsupportedMedia: ReadonlySet<string> = new Set(["video", "media", "tts", "var", "playexit"]);

/** `<dialogstart>` (RFC 5707 9.6.1) with one `<play>` inside. */
export function readDialogStart(el: XmlElement): DialogStart {
  const attributes = new Attributes(el);
  const target = attributes.requiredAs("target", isObjectRef, "conn:TAG or conf:NAME");
  const name = attributes.optional("name");
  if (name !== undefined && !isInstanceName(name)) throw attributes.invalid("name", name, "letters, digits, . : - _");
  const src = attributes.optional("src");
  const type = attributes.required("type");
  const mark = attributes.mark();
  attributes.done();
  const children = childElements(el);
  if (src !== undefined) {
    if (children.length > 0) throw new Refused(422, "<dialogstart> has both src and an inline description");
    throw new Refused(407, "<dialogstart src>: only inline descriptions are served");
  }
  if (type.toLowerCase() !== dialogType) {
    const voiceXml = /^application\/(?:voice|v)xml\+xml$/i.test(type);
    throw new Refused(voiceXml ? 420 : 421, `<dialogstart type="${type.slice(0, 64)}">: expected ${dialogType}`);
  }
  const [first, second] = children;
  if (first === undefined) throw new Refused(403, "<dialogstart> needs a <play>");
  for (const child of children) if (child.name !== "play") throw unexpected(child, el, unsupportedPrimitives);
  if (second !== undefined) throw new Refused(402, "<dialogstart> takes one <play>");
  return {
    op: "dialogstart",
    target,
    ...(name === undefined ? {} : { name }),
    content: { kind: "inline", script: [readPlay(first)] },
    ...mark,
  };
}

/** `<dialogend>` (RFC 5707 9.6.2). */
export function readDialogEnd(el: XmlElement): DialogEnd {
  const attributes = new Attributes(el);
  const id = attributes.requiredAs("id", isDialogRef, "conn:TAG/dialog:NAME");
  const mark = attributes.mark();
  attributes.done();
  return { op: "dialogend", id, ...mark };
}

function readPlay(el: XmlElement): Play {
  const attributes = new Attributes(el);
  const iterate = readIterations(attributes);
  const intervalMs = readTime(attributes, "interval") ?? 0;
  const maxTimeMs = readTime(attributes, "maxtime");
  attributes.optional("id");
  const clearDigits = attributes.oneOf("cleardb", ["true", "false"]) === "true";
  // Nothing listens for keys, so nothing can barge in.
  if (attributes.oneOf("barge", ["true", "false"]) === "true")
    throw new Refused(407, '<play barge="true"> is not served');
  if (attributes.oneOf("initial", ["generate", "suspend"]) === "suspend") {
    throw new Refused(407, '<play initial="suspend"> is not served');
  }
  for (const name of ["offset", "skip"]) {
    if (attributes.optional(name) !== undefined) throw new Refused(407, `<play ${name}> is not served`);
  }
  const capture = readCapture(el, attributes);
  attributes.done();
  const audio: string[] = [];
  for (const child of childElements(el)) {
    if (child.name !== "audio") throw unexpected(child, el, unsupportedMedia);
    if (audio.length >= MAX_AUDIO) throw new Refused(521, `more than ${MAX_AUDIO} <audio>`);
    audio.push(readAudio(child));
  }
  if (audio.length === 0) throw new Refused(403, "<play> needs an <audio>");
  return playOf(audio, {
    clearDigits,
    iterate,
    intervalMs,
    ...(maxTimeMs === undefined ? {} : { maxTimeMs }),
    capture,
  });
}

function readAudio(el: XmlElement): string {
  const attributes = new Attributes(el);
  const uri = attributes.required("uri");
  if (uri.length === 0 || uri.length > MAX_PARAM) throw attributes.invalid("uri", uri, "a URI");
  // A file says itself what it holds.
  for (const name of ["format", "audiosamplerate", "audiosamplesize"]) attributes.optional(name);
  if ((attributes.optional("iterate") ?? "1") !== "1") throw new Refused(407, "<audio iterate> is not served");
  attributes.done();
  return uri;
}

/** RFC 5707 writes `iterate`; `iterations` is what some of its implementations say. */
function readIterations(attributes: Attributes): number {
  const [iterate, iterations] = [attributes.optional("iterate"), attributes.optional("iterations")];
  if (iterate !== undefined && iterations !== undefined)
    throw new Refused(409, "<play> has both iterate and iterations");
  const [name, value] = iterate === undefined ? (["iterations", iterations] as const) : (["iterate", iterate] as const);
  if (value === undefined) return 1;
  if (value === "-1" || value === "forever") return -1;
  const count = /^[0-9]{1,9}$/.test(value) ? Number(value) : 0;
  if (count < 1 || count > MAX_ITERATIONS)
    throw attributes.invalid(name, value, `1 to ${MAX_ITERATIONS}, -1 or forever`);
  return count;
}

/** `2s`, `500ms`; in ms. */
function readTime(attributes: Attributes, name: string): number | undefined {
  const value = attributes.optional(name);
  if (value === undefined) return undefined;
  const [, digits, unit] = /^([0-9]{1,9})(ms|s)$/.exec(value) ?? [];
  const ms = Number(digits) * (unit === "s" ? 1000 : 1);
  if (!(ms <= MAX_TIME_MS)) throw attributes.invalid(name, value, "a time, e.g. 2s or 500ms, at most a day");
  return ms;
}

function readCapture(el: XmlElement, attributes: Attributes): boolean {
  const value = el.attributes.get(`{${recorderNamespace}}capture`) ?? attributes.optional("rec:capture") ?? "false";
  if (value !== "true" && value !== "false") throw attributes.invalid("rec:capture", value, "true or false");
  return value === "true";
}

function unexpected(child: XmlElement, parent: XmlElement, unsupported: ReadonlySet<string>): Refused {
  const text = `<${child.name}> in <${parent.name}>`;
  return unsupported.has(child.name)
    ? new Refused(402, `${text} is not served`)
    : new Refused(401, `${text} is not known`);
}
