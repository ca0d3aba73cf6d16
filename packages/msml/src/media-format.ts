import type { MediaFormat } from "./dialog.ts";
import type { ElementReader } from "./element-reader.ts";
import { present } from "./present.ts";

/** `format`, `audiosamplerate` (kHz) and `audiosamplesize` of RFC 5707 9.7.1.1 and 9.7.4; undefined where nothing is said. */
export function readFormat(el: ElementReader): MediaFormat | undefined {
  const text = el.optional("format");
  const rate = el.optional("audiosamplerate");
  const sampleSize = el.integer("audiosamplesize", 1, 64);
  const kHz = rate !== undefined && /^[0-9]{1,3}(?:\.[0-9]{1,4})?$/.test(rate) ? Number(rate) : 0;
  if (rate !== undefined && (kHz === 0 || kHz > 192)) throw el.invalid("audiosamplerate", rate, "kHz, at most 192");
  if (text === undefined && rate === undefined && sampleSize === undefined) return undefined;
  const named = text === undefined ? { fileType: "", codecs: [] } : partsOf(el, text);
  return { ...named, ...present({ sampleRate: rate === undefined ? undefined : Math.round(kHz * 1000), sampleSize }) };
}

/** `audio/FILETYPE;codecs=A,B`; a codec alone and `codec=` are forgiven. */
function partsOf(el: ElementReader, text: string): Pick<MediaFormat, "fileType" | "codecs"> {
  const [, type, parameters] = /^([^;]{1,64})(?:;(.{0,128}))?$/.exec(text) ?? [];
  const expected = "audio/FILETYPE;codecs=CODEC, e.g. audio/wav;codecs=mulaw";
  if (type === undefined) throw el.invalid("format", text, expected);
  const [, medium, fileType] = /^(audio|video)\/([A-Za-z0-9.+_-]+)$/i.exec(type.trim()) ?? [];
  if (medium?.toLowerCase() === "video") throw el.refused(407, 'format="video/..." is not served', "ask for audio/...");
  const [, name, list] = /^\s*(codecs?)\s*=\s*"?([A-Za-z0-9.,_ -]+)"?\s*$/i.exec(parameters ?? "") ?? [];
  if (parameters !== undefined && list === undefined) throw el.invalid("format", text, expected);
  const codecs = (list ?? "").split(",").flatMap((codec) => (codec.trim() === "" ? [] : [codec.trim().toLowerCase()]));
  if (name?.toLowerCase() === "codec") el.deviation(410, "format says codec", "say codecs");
  if (fileType !== undefined) return { fileType: fileType.toLowerCase(), codecs };
  if (!/^[A-Za-z0-9._-]{1,32}$/.test(type) || list !== undefined) throw el.invalid("format", text, expected);
  el.deviation(410, "format names a codec only", `say audio/wav;codecs=${type}`);
  return { fileType: "", codecs: [type.toLowerCase()] };
}

/** A format as an attribute; undefined where it says none. */
export function formatText({ fileType, codecs }: MediaFormat): string | undefined {
  if (fileType === "") return codecs[0];
  return codecs.length === 0 ? `audio/${fileType}` : `audio/${fileType};codecs=${codecs.join(",")}`;
}
