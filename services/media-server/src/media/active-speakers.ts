import type { Conference } from "./conference.ts";
import type { FramePace } from "./frame-pace.ts";
import type { Leg } from "./leg.ts";
import { SAMPLE_RATE } from "./limits.ts";
import { powerOfDb } from "./loudness.ts";

/** Quieter is never speech: the noise of a line, -60 dBm0. */
const LEAST = powerOfDb(-60);

/** Who speaks in a conference (RFC 5707 8.6.2): told where that has changed, and not too often. */
export class ActiveSpeakers {
  readonly conference: Conference;
  #toldAt = Number.NEGATIVE_INFINITY;
  #told: readonly number[] = [];

  constructor(conference: Conference) {
    this.conference = conference;
  }

  /** The legs to be told, loudest first; undefined where there is nothing new. */
  look(pace: FramePace): readonly number[] | undefined {
    const { conference } = this;
    const { speakers } = conference.options;
    if (speakers === undefined) return undefined;
    const interval = (Math.max(100, speakers.intervalMs) * SAMPLE_RATE) / 1000;
    if (pace.now - this.#toldAt < interval) return undefined;
    const threshold = Math.max(LEAST, powerOfDb(speakers.thresholdDb));
    let count = 0;
    let other = false;
    for (const { from, effect } of conference.incoming) {
      if (effect.mute || loudness(from as Leg, pace.now) < threshold) continue;
      count++;
      if (!this.#told.includes((from as Leg).id)) other = true;
    }
    if (!other && count === this.#told.length) return undefined;
    this.#toldAt = pace.now;
    this.#told = conference.incoming
      .filter(({ effect, from }) => !effect.mute && loudness(from as Leg, pace.now) >= threshold)
      .map(({ from }) => from as Leg)
      .sort((a, b) => loudness(b, pace.now) - loudness(a, pace.now))
      .map(({ id }) => id);
    return this.#told;
  }
}

function loudness(leg: Leg, now: number): number {
  return leg.ear?.power(now) ?? 0;
}
