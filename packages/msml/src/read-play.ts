import { xmlLang } from "@sidetone/xml";
import { type AudioClip, FOREVER, type Play, type PlayMedia, type Variable, variableTypes } from "./dialog.ts";
import type { ElementReader } from "./element-reader.ts";
import { MAX_AUDIO, MAX_PARAM } from "./limits.ts";
import { readFormat } from "./media-format.ts";
import { present } from "./present.ts";
import { readExits } from "./read-actions.ts";
import { recorderNamespace } from "./recorder.ts";

/** RFC 5707 9.7.1. */
const DEFAULT_SKIP_MS = 3000;

/** RFC 5707 9.7.1. */
export function readPlay(el: ElementReader): Play {
  const id = el.optional("id");
  const iterate = el.iterations() ?? 1;
  const intervalMs = el.time("interval", "s") ?? 0;
  const initial = el.oneOf("initial", ["generate", "suspend"]) ?? "generate";
  const maxTimeMs = el.time("maxtime", "s");
  // Mandatory in the text, optional in the schema, absent from the examples.
  const barge = el.flag("barge") ?? false;
  const clearDigits = el.flag("cleardb") ?? false;
  const offsetMs = el.time("offset", "s", el.optional("offset"), true);
  const skipMs = el.time("skip", "s") ?? DEFAULT_SKIP_MS;
  const language = el.optional(xmlLang);
  const capture = captureOf(el);
  el.done();
  const { exits, others } = readExits(el, "playexit");
  if (others.length === 0) throw el.refused(403, "plays nothing", "put an <audio> into it");
  if (others.length > MAX_AUDIO) throw el.refused(521, `has more than ${MAX_AUDIO} media`, "use several <play>");
  const media = others.map((child): PlayMedia => {
    if (child.is("audio")) return readAudio(child);
    if (child.is("var")) return readVariable(child);
    throw child.misplaced(el);
  });
  if (offsetMs !== undefined && media.some(({ kind }) => kind !== "audio")) {
    throw el.refused(409, "has an offset into more than <audio>", "leave it out");
  }
  return {
    kind: "play",
    ...present({ id, media, iterate, intervalMs, initial, maxTimeMs, barge, clearDigits, offsetMs, skipMs, language }),
    capture,
    onExit: exits,
  };
}

function readAudio(el: ElementReader): AudioClip {
  const uri = uriOf(el, "uri", el.required("uri", "where the sound is"));
  const iterate = el.iterations() ?? 1;
  const format = readFormat(el);
  const language = el.optional(xmlLang);
  el.done();
  el.empty();
  return { kind: "audio", uri, iterate, ...present({ format, language }) };
}

/** RFC 5707 9.7.1.4. */
function readVariable(el: ElementReader): Variable {
  const type = el.oneOf("type", variableTypes);
  if (type === undefined) throw el.missing("type", variableTypes.join(", "));
  const subtype = el.optional("subtype");
  const value = el.required("value", "what is to be said");
  const language = el.optional(xmlLang);
  const times = el.iterations() ?? 1;
  if (times === FOREVER || times > 1) throw el.refused(407, "iterate is not served", "leave it out");
  el.done();
  el.empty();
  if (value.length > MAX_PARAM) throw el.invalid("value", value, `at most ${MAX_PARAM} characters`);
  return { kind: "var", type, value, ...present({ subtype, language }) };
}

/** A URI of a length that can be handled. */
export function uriOf(el: ElementReader, name: string, value: string): string {
  if (value.length === 0 || value.length > MAX_PARAM) throw el.invalid(name, value, "a URI");
  return value;
}

function captureOf(el: ElementReader): boolean {
  const value = el.optional(`{${recorderNamespace}}capture`) ?? el.optional("rec:capture") ?? el.optional("capture");
  return el.oneOfText("rec:capture", value, ["true", "false"]) === "true";
}
