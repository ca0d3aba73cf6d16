import { AudioEffect } from "./audio-effect.ts";
import type { StreamSettings } from "./audio-types.ts";
import type { Conference } from "./conference.ts";
import type { Leg } from "./leg.ts";

/** Audio of one direction, from a leg or a conference to another one. */
export class Stream {
  readonly from: Leg | Conference;
  readonly to: Leg | Conference;
  /** Somebody listens unnoticed. */
  readonly monitor: boolean;
  /** What is done to it on its way. */
  effect: AudioEffect;

  constructor(from: Leg | Conference, to: Leg | Conference, settings: StreamSettings, monitor: boolean) {
    this.from = from;
    this.to = to;
    this.monitor = monitor;
    this.effect = new AudioEffect(settings);
  }
}

/** True where it is a conference. */
export function isConference(node: Leg | Conference): node is Conference {
  return "name" in node;
}
