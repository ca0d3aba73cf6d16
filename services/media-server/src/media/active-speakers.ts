import type { AudioNode } from "./audio-types.ts";
import type { Conference } from "./conference.ts";
import type { FramePace } from "./frame-pace.ts";
import { SAMPLE_RATE } from "./limits.ts";
import { powerOfDb } from "./loudness.ts";
import { isConference, type Stream } from "./stream.ts";

/** Conferences in a row that are looked into: more are not joined, should there be a ring of them. */
const DEEPEST = 8;
/** Quieter is never speech: the noise of a line, -60 dBm0. */
const LEAST = powerOfDb(-60);

/** Who speaks in a conference (RFC 5707 8.6.2): told where that has changed, and not too often. */
export class ActiveSpeakers {
  readonly conference: Conference;
  #toldAt = Number.NEGATIVE_INFINITY;
  #told: readonly AudioNode[] = [];

  constructor(conference: Conference) {
    this.conference = conference;
  }

  /** Legs and conferences to be told, loudest first; undefined where there is nothing new. */
  look(pace: FramePace): readonly AudioNode[] | undefined {
    const { conference } = this;
    const { speakers } = conference.options;
    if (speakers === undefined) return undefined;
    const interval = (Math.max(100, speakers.intervalMs) * SAMPLE_RATE) / 1000;
    if (pace.now - this.#toldAt < interval) return undefined;
    const threshold = Math.max(LEAST, powerOfDb(speakers.thresholdDb));
    let count = 0;
    let other = false;
    for (let i = 0; i < conference.incoming.length; i++) {
      const stream = conference.incoming[i];
      if (stream === undefined || loudness(stream, pace, 0) < threshold) continue;
      count++;
      if (!this.#told.includes(nameOf(stream))) other = true;
    }
    if (!other && count === this.#told.length) return undefined;
    this.#toldAt = pace.now;
    this.#told = conference.incoming
      .filter((stream) => loudness(stream, pace, 0) >= threshold)
      .sort((a, b) => loudness(b, pace, 0) - loudness(a, pace, 0))
      .map(nameOf);
    return this.#told;
  }
}

function nameOf({ from }: Stream): AudioNode {
  return isConference(from) ? from.name : from.id;
}

/**
 * How loud it is where a stream comes from: a phone, or all who are heard in a conference but for what came from the one that it goes to.
 * A copy of what a phone hears is nobody who speaks. Without an object per look.
 * @param depth conferences on the way
 */
function loudness({ from, to, effect, monitor }: Stream, pace: FramePace, depth: number): number {
  if (effect.mute || monitor || depth > DEEPEST) return 0;
  if (!isConference(from)) return from.ear?.power(pace.now) ?? 0;
  let sum = 0;
  for (let i = 0; i < from.incoming.length; i++) {
    const stream = from.incoming[i];
    if (stream !== undefined && stream.from !== to) sum += loudness(stream, pace, depth + 1);
  }
  return sum;
}
