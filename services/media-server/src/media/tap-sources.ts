import type { FramePace } from "./frame-pace.ts";
import type { Leg } from "./leg.ts";
import { SAMPLE_RATE, TAP_MIX_DELAY } from "./limits.ts";
import type { Prompt } from "./overlay-track.ts";
import { TapFeed } from "./tap-feed.ts";
import { TapMix } from "./tap-mix.ts";
import type { Tap } from "./tap.ts";

function samples(ms: number): number {
  return (ms * SAMPLE_RATE) / 1000;
}

/**
 * Who is heard in a replica. One phone is copied as it comes, more are mixed, with what is played to the phones of the other side where that
 * is to be recorded; none is a jump of the time stamp. Whoever comes and goes, the stream's own time line goes on: SSRC, numbers, and what a time stamp means.
 */
export class TapSources {
  readonly #tap: Tap;
  #feeds: readonly TapFeed[] = [];
  /** Whose prompts are heard here where they are to be recorded. */
  #others: readonly Leg[] = [];
  #prompts: readonly Prompt[] = [];
  #mix: TapMix | undefined;
  /** By how much the stream is behind the engine's line where no phone's line says it; samples. */
  #told = 0;
  #begun = false;

  constructor(tap: Tap) {
    this.#tap = tap;
  }

  get legs(): readonly Leg[] {
    return this.#feeds.map(({ leg }) => leg);
  }

  /** The phones on the other side. */
  get others(): readonly Leg[] {
    return this.#others;
  }

  get mixed(): boolean {
    return this.#mix !== undefined;
  }

  /** By how much the stream is behind the engine's line, as reports are to tell it; samples. */
  told(now: number): number {
    const feed = this.#mix === undefined ? this.#feeds[0] : undefined;
    return feed === undefined ? this.#told : feed.leg.line.reportLag(now) - feed.shift;
  }

  /** @param now on the engine's line */
  arrange(legs: readonly Leg[], others: readonly Leg[], now: number): void {
    const told = this.told(now);
    const before = this.#feeds;
    const prompts = Array.from(new Set(others.flatMap((leg) => leg.prompts)));
    const mixes = legs.length > 1 || prompts.length > 0;
    this.#others = others;
    const same = before.length === legs.length && before.every(({ leg }, index) => leg === legs[index]);
    if ((this.#begun && !same) || mixes) this.#tap.keepHistory(this.#mix === undefined ? before[0] : undefined);
    if (!mixes) this.#mix?.drain(this.#tap);
    for (const feed of before) if (!legs.includes(feed.leg)) this.#detach(feed);
    for (const prompt of this.#prompts) if (!prompts.includes(prompt)) this.#silence(prompt);
    this.#feeds = legs.map((leg) => before.find((feed) => feed.leg === leg) ?? this.#attach(leg, told, now));
    if (mixes) this.#mixAll(told, now);
    else this.#unmix(told, now);
    for (const prompt of prompts) if (!this.#prompts.includes(prompt)) this.#hear(prompt);
    this.#prompts = prompts;
    this.#told = told;
    this.#begun = true;
  }

  /** Begins with what is kept of the last `ms`. `exactly`: nothing said before that is captured later on either. */
  backfill(ms: number, now: number, exactly: boolean): void {
    this.#mix?.begin(now - samples(ms));
    for (const feed of this.#feeds) {
      const from = now - feed.leg.line.lag - samples(ms);
      if (exactly) feed.captureFrom = from;
      feed.recall(from);
    }
  }

  /** Nothing said before now is captured, by this replica or one that begins later. */
  forgetUntil(now: number): void {
    this.#mix?.begin(now);
    for (const feed of this.#feeds) {
      feed.captureFrom = now - feed.leg.line.lag;
      feed.leg.captureFrom = feed.captureFrom;
    }
  }

  /** What was captured is in the stream from now on, not in a mix that waits. */
  settle(): void {
    this.#mix?.drain(this.#tap);
  }

  /** Mixes what is due; true where the replica's buffer is to be drained. */
  frames(pace: FramePace): boolean {
    return this.#mix?.frames(this.#tap, pace) ?? false;
  }

  /** Puts what was sent in the last `ms` before the buffer. */
  rewind(ms: number, now: number): void {
    const tap = this.#tap;
    const [feed] = this.#feeds;
    if (tap.hasHistory || feed === undefined) {
      tap.refill(tap.rewind(now - this.told(now) - samples(ms)));
      return;
    }
    const from = tap.rewind(now - feed.leg.line.lag - samples(ms));
    if (from !== undefined) feed.recall(from);
  }

  close(): void {
    this.settle();
    for (const feed of this.#feeds) this.#detach(feed);
    for (const prompt of this.#prompts) this.#silence(prompt);
    this.#feeds = [];
    this.#prompts = [];
    this.#others = [];
    this.#mix = undefined;
  }

  #attach(leg: Leg, told: number, now: number): TapFeed {
    const feed = new TapFeed(leg, this.#tap);
    // The first one of all is told as it is.
    if (this.#begun) feed.shift = leg.line.reportLag(now) - told;
    feed.captureFrom = this.#tap.until - feed.shift;
    leg.feeds.push(feed);
    return feed;
  }

  #detach(feed: TapFeed): void {
    const at = feed.leg.feeds.indexOf(feed);
    if (at >= 0) feed.leg.feeds.splice(at, 1);
    if (feed.input !== undefined) this.#mix?.leave(feed.input);
  }

  #hear(prompt: Prompt): void {
    const input = this.#mix?.add();
    if (input !== undefined) prompt.feeds.push({ tap: this.#tap, input });
  }

  #silence(prompt: Prompt): void {
    const at = prompt.feeds.findIndex(({ tap }) => tap === this.#tap);
    const [feed] = at < 0 ? [] : prompt.feeds.splice(at, 1);
    if (feed !== undefined) this.#mix?.leave(feed.input);
  }

  #mixAll(told: number, now: number): void {
    const waiting = this.#begun ? now - TAP_MIX_DELAY : now;
    const mix = this.#mix ?? new TapMix(Math.max(waiting, this.#tap.until + told), told);
    this.#mix = mix;
    for (const feed of this.#feeds) {
      if (feed.input !== undefined) continue;
      feed.input = mix.add();
      feed.told = told;
    }
  }

  #unmix(told: number, now: number): void {
    this.#mix = undefined;
    for (const feed of this.#feeds) {
      const { input } = feed;
      if (input === undefined) continue;
      feed.input = undefined;
      feed.shift = (input.begun ? input.offset : feed.leg.line.reportLag(now)) - told;
      feed.captureFrom = Math.max(feed.captureFrom, this.#tap.until - feed.shift);
    }
  }
}
