import { element, writeXml, type XmlElement, xmlLang } from "@sidetone/xml";
import type {
  Collect,
  DialogAction,
  DialogRecord,
  DialogScript,
  DialogStep,
  MediaFormat,
  Play,
  PlayMedia,
  Repeated,
  Sine,
  TonePart,
} from "./dialog.ts";
import { formatText } from "./media-format.ts";
import { recorderNamespace } from "./recorder.ts";
import { flagText, iterateText, listText, numberText, timeText } from "./write-attributes.ts";

/** Writes a dialog description that is fetched (RFC 5707 9.7.6). */
export function writeMoml(script: DialogScript, id = "dialog"): string {
  return writeXml(element("moml", { attributes: { version: "1.0", id }, children: script.map(stepElement) }));
}

/** One step of a dialog. */
export function stepElement(step: DialogStep): XmlElement {
  switch (step.kind) {
    case "play":
      return playElement(step);
    case "dtmfgen": {
      const { id, digits, levelDb, durationMs, intervalMs, onExit } = step;
      const times = { dur: timeText(durationMs), interval: timeText(intervalMs) };
      const attributes = { id, digits, level: numberText(levelDb), ...times };
      return element("dtmfgen", { attributes, children: [exitElement("dtmfgenexit", onExit)] });
    }
    case "tonegen": {
      const { id, iterate, parts, onExit } = step;
      const children = [...parts.map(toneElement), exitElement("tonegenexit", onExit)];
      return element("tonegen", { attributes: { id, iterate: iterateText(iterate) }, children });
    }
    case "record":
      return recordElement(step);
    case "collect":
      return collectElement(step);
    case "group": {
      const { id, topology, members, onExit } = step;
      const children = [...members.map(stepElement), exitElement("groupexit", onExit)];
      return element("group", { attributes: { id, topology }, children });
    }
    case "send":
    case "exit":
    case "disconnect":
      return actionElement(step);
  }
}

function actionElement(action: DialogAction): XmlElement {
  const namelist = listText(action.names);
  if (action.kind !== "send") return element(action.kind, { attributes: { namelist } });
  return element("send", { attributes: { target: action.target, event: action.event, namelist } });
}

function exitElement(name: string, actions: readonly DialogAction[]): XmlElement | undefined {
  return actions.length === 0 ? undefined : element(name, { children: actions.map(actionElement) });
}

function playElement(play: Play): XmlElement {
  const attributes = {
    id: play.id,
    iterate: iterateText(play.iterate),
    interval: play.intervalMs === 0 ? undefined : timeText(play.intervalMs),
    initial: play.initial === "generate" ? undefined : play.initial,
    maxtime: timeText(play.maxTimeMs),
    // Mandatory in the text of RFC 5707 9.7.1.
    barge: flagText(play.barge),
    cleardb: flagText(play.clearDigits),
    offset: timeText(play.offsetMs),
    skip: play.skipMs === 3000 ? undefined : timeText(play.skipMs),
    [xmlLang]: play.language,
    [`{${recorderNamespace}}capture`]: play.capture ? "true" : undefined,
  };
  return element("play", {
    attributes,
    children: [...play.media.map(mediaElement), exitElement("playexit", play.onExit)],
  });
}

function mediaElement(media: PlayMedia): XmlElement {
  if (media.kind === "var") {
    const { type, subtype, value, language } = media;
    return element("var", { attributes: { type, subtype, value, [xmlLang]: language } });
  }
  const { uri, iterate, format, language } = media;
  const attributes = { uri, iterate: iterateText(iterate), ...formatAttributes(format), [xmlLang]: language };
  return element("audio", { attributes });
}

function formatAttributes(format: MediaFormat | undefined): Record<string, string | undefined> {
  if (format === undefined) return {};
  const kHz = format.sampleRate === undefined ? undefined : format.sampleRate / 1000;
  const size = numberText(format.sampleSize);
  return { format: formatText(format), audiosamplerate: numberText(kHz), audiosamplesize: size };
}

function toneElement(part: TonePart): XmlElement {
  if (part.kind === "silence") return silenceElement(part.durationMs);
  const { sines, durationMs, iterate, silenceMs } = part;
  const attributes = { duration: timeText(durationMs), iterate: iterateText(iterate) };
  const silence = silenceMs === 0 ? undefined : silenceElement(silenceMs);
  return element("tone", { attributes, children: [...sines.map(sineElement), silence] });
}

function sineElement({ frequency, levelDb }: Sine, index: number): XmlElement {
  return element(`tone${index + 1}`, { attributes: { freq: String(frequency), atten: String(levelDb) } });
}

function silenceElement(durationMs: number): XmlElement {
  return element("silence", { attributes: { duration: timeText(durationMs) } });
}

function recordElement(record: DialogRecord): XmlElement {
  const { id, dest, audioDest, append, format, initial, maxTimeMs, preSpeechMs, postSpeechMs, termKey } = record;
  const attributes = {
    id,
    append: append ? "true" : undefined,
    dest,
    audiodest: audioDest,
    ...formatAttributes(format),
    initial: initial === "create" ? undefined : initial,
    maxtime: timeText(maxTimeMs),
    prespeech: preSpeechMs === 0 ? undefined : timeText(preSpeechMs),
    postspeech: postSpeechMs === 0 ? undefined : timeText(postSpeechMs),
    termkey: termKey,
  };
  const children = [...record.before.map(stepElement), exitElement("recordexit", record.onExit)];
  return element("record", { attributes, children });
}

function collectElement(collect: Collect): XmlElement {
  const attributes = {
    id: collect.id,
    cleardb: flagText(collect.clearDigits),
    fdt: timeText(collect.firstDigitMs),
    idt: timeText(collect.interDigitMs),
    edt: timeText(collect.extraDigitMs),
    starttimer: flagText(collect.startTimer),
    iterate: iterateText(collect.iterate),
    ldd: collect.longDigitMs === 0 ? undefined : timeText(collect.longDigitMs),
  };
  const patterns = collect.patterns.map((pattern) => {
    const { digits, format } = pattern;
    return repeatedElement("pattern", pattern, { digits, format: format === "moml+digits" ? undefined : format });
  });
  const children = [
    ...patterns,
    exitElement("detect", collect.onDetect),
    collect.onNoInput === undefined ? undefined : repeatedElement("noinput", collect.onNoInput),
    collect.onNoMatch === undefined ? undefined : repeatedElement("nomatch", collect.onNoMatch),
    exitElement("dtmfexit", collect.onExit),
    collect.play === undefined ? undefined : playElement(collect.play),
  ];
  return element("collect", { attributes, children });
}

/** `iterate` always: without it the parent's would count. */
function repeatedElement(
  name: string,
  { iterate, actions }: Repeated,
  more: Record<string, string | undefined> = {},
): XmlElement {
  const attributes = { ...more, iterate: iterateText(iterate) ?? "1" };
  return element(name, { attributes, children: actions.map(actionElement) });
}
