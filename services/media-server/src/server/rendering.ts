import { SidetoneError } from "@sidetone/foundation";
import { FOREVER, type Play, type ToneGen } from "@sidetone/msml";
import { MAX_TONE_SAMPLES } from "../limits.ts";
import { silenceSamples, toneSequence } from "../media/index.ts";
import type { FetchedAudio, Sources } from "../prompts/index.ts";

/** What the engine plays in one go. */
export interface Segment {
  readonly audio: readonly Int16Array[];
  readonly iterations: number;
}

/** Segments one after another, and what they hold on to. */
export interface Rendered {
  readonly segments: readonly Segment[];
  readonly held: readonly FetchedAudio[];
}

/** Clips of one round: what is repeated is the same samples again. */
const MAX_CLIPS = 4_096;

/** The samples of a `<play>`: one round of all clips, repeated; a clip that goes on for ever is the last that is heard. */
export async function renderPlay(play: Play, sources: Sources, cancelled: AbortSignal): Promise<Rendered> {
  const held: FetchedAudio[] = [];
  try {
    // One after another: what cannot be had is told in the order of the document.
    const clips: { samples: Int16Array; iterate: number }[] = [];
    for (const media of play.media) {
      if (media.kind === "var") {
        clips.push({ samples: silenceSamples(silenceOf(media.value)), iterate: 1 });
        continue;
      }
      const audio = await sources.load(media.uri, cancelled);
      held.push(audio);
      clips.push({ samples: audio.samples, iterate: media.iterate });
    }
    return { segments: segmentsOf(clips, play.iterate), held };
  } catch (error) {
    for (const audio of held) audio.release();
    throw error;
  }
}

function segmentsOf(clips: readonly { samples: Int16Array; iterate: number }[], iterations: number): Segment[] {
  const audio: Int16Array[] = [];
  for (const { samples, iterate } of clips) {
    if (iterate === FOREVER) {
      const endless: Segment = { audio: [samples], iterations: -1 };
      return audio.length === 0 ? [endless] : [{ audio, iterations: 1 }, endless];
    }
    if (audio.length + iterate > MAX_CLIPS) {
      throw new SidetoneError("prompt-format", `a round of a play has at most ${MAX_CLIPS} clips`);
    }
    for (let n = 0; n < iterate; n++) audio.push(samples);
  }
  return [{ audio, iterations }];
}

/** The samples of a `<tonegen>`. */
export function renderTones(tonegen: ToneGen): Segment[] {
  let samples = 0;
  const tones = tonegen.parts.map((part) => {
    if (part.kind === "silence") {
      samples += part.durationMs * 8;
      return { durationMs: part.durationMs };
    }
    const [first, second] = part.sines;
    samples += (part.durationMs + part.silenceMs) * 8 * Math.max(1, part.iterate);
    return {
      ...(first === undefined ? {} : { frequency1: first.frequency, level1Db: first.levelDb }),
      ...(second === undefined ? {} : { frequency2: second.frequency, level2Db: second.levelDb }),
      durationMs: part.durationMs,
      silenceMs: part.silenceMs,
      iterations: part.iterate,
    };
  });
  if (samples > MAX_TONE_SAMPLES) {
    throw new SidetoneError("prompt-format", "one round of a <tonegen> is at most a minute; repeat it with iterate");
  }
  const { audio, iterations, loopFrom } = toneSequence(tones, tonegen.iterate);
  if (loopFrom === 0) return [{ audio, iterations }];
  return [
    { audio: audio.slice(0, loopFrom), iterations: 1 },
    { audio: audio.slice(loopFrom), iterations },
  ];
}

/** `<var type="silence" value="500ms">`, also `2s` and a bare number of tenths of a second. */
function silenceOf(value: string): number {
  const [, digits, unit] = /^([0-9]{1,5})(ms|s)?$/.exec(value.trim()) ?? [];
  return Math.min(60_000, Number(digits ?? 0) * (unit === "s" ? 1000 : unit === "ms" ? 1 : 100));
}

/** How long segments are, ms; Infinity where they do not end. */
export function lengthOf(segments: readonly Segment[]): number {
  let samples = 0;
  for (const { audio, iterations } of segments) {
    if (iterations < 0) return Number.POSITIVE_INFINITY;
    samples += audio.reduce((sum, { length }) => sum + length, 0) * iterations;
  }
  return samples / 8;
}
