import type { DialogRecord, Play, ToneGen } from "./dialog.ts";
import type { ElementReader } from "./element-reader.ts";
import { MAX_AUDIO } from "./limits.ts";
import { readFormat } from "./media-format.ts";
import { present } from "./present.ts";
import { readExits } from "./read-actions.ts";
import { readPlay, uriOf } from "./read-play.ts";
import { readToneGen } from "./read-tones.ts";

/** Attributes that say something of video, or of a codec, that is not served. */
const unserved = [
  "videodest",
  "codecconfig",
  "profile",
  "level",
  "imagewidth",
  "imageheight",
  "maxbitrate",
  "framerate",
];

/** RFC 5707 9.7.4. */
export function readRecord(el: ElementReader): DialogRecord {
  const id = el.optional("id");
  const dest = el.alias("dest", "recordingdest");
  const audioDest = el.optional("audiodest");
  for (const [name, value] of [
    ["dest", dest],
    ["audiodest", audioDest],
  ] as const) {
    if (value !== undefined) uriOf(el, name, value);
  }
  for (const name of unserved) {
    if (el.optional(name) !== undefined) throw el.refused(407, `${name} is not served`, "leave it out");
  }
  const append = el.flag("append") ?? false;
  el.required("format", "audio/FILETYPE;codecs=CODEC, e.g. audio/wav;codecs=mulaw");
  const format = readFormat(el) ?? { fileType: "", codecs: [] };
  const initial = el.oneOf("initial", ["create", "suspend"]) ?? "create";
  const maxTimeMs = el.time("maxtime", "s");
  if (maxTimeMs === undefined) throw el.missing("maxtime", "the longest time, e.g. 60s");
  if (maxTimeMs === 0) throw el.invalid("maxtime", "0", "more than 0ms");
  const preSpeechMs = el.time("prespeech", "s", el.alias("prespeech", "pre-speech")) ?? 0;
  const postSpeechMs = el.time("postspeech", "s", el.alias("postspeech", "post-speech")) ?? 0;
  const termKey = el.alias("termkey")?.toUpperCase();
  if (termKey !== undefined && !/^[0-9A-D#*]$/.test(termKey)) throw el.invalid("termkey", termKey, "one key");
  el.done();
  const { exits, others } = readExits(el, "recordexit");
  if (others.length > MAX_AUDIO) throw el.refused(521, `has more than ${MAX_AUDIO} prompts`, "use one <play>");
  const before = others.map((child): Play | ToneGen => {
    if (child.is("play")) return readPlay(child);
    if (child.is("tonegen")) return readToneGen(child);
    throw child.misplaced(el);
  });
  return {
    kind: "record",
    ...present({ id, dest, audioDest, append, format, initial, maxTimeMs, preSpeechMs, postSpeechMs, termKey }),
    before,
    onExit: exits,
  };
}
