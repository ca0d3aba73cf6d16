import type { FramePace } from "./frame-pace.ts";
import type { Leg } from "./leg.ts";
import { SAMPLE_RATE, TAP_MIX_DELAY } from "./limits.ts";
import type { Player } from "./player.ts";
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
  #players: readonly Player[] = [];
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
    const players = others.map(({ player }) => player).filter((player) => player?.capture === true);
    const mixes = legs.length > 1 || players.length > 0;
    this.#others = others;
    if (!mixes) this.#mix?.drain(this.#tap);
    for (const feed of before) if (!legs.includes(feed.leg)) this.#detach(feed);
    for (const player of this.#players) if (!players.includes(player)) this.#silence(player);
    this.#feeds = legs.map((leg) => before.find((feed) => feed.leg === leg) ?? this.#attach(leg, told, now));
    if (mixes) this.#mixAll(told, now);
    else this.#unmix(told, now);
    for (const player of players) if (player !== undefined && !this.#players.includes(player)) this.#hear(player);
    this.#players = players.filter((player) => player !== undefined);
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

  /** What was captured in the last `ms` is sent again. */
  rewind(ms: number, now: number): void {
    this.#tap.rewind(now - this.told(now) - samples(ms));
  }

  close(): void {
    this.settle();
    for (const feed of this.#feeds) this.#detach(feed);
    for (const player of this.#players) this.#silence(player);
    this.#feeds = [];
    this.#players = [];
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

  #hear(player: Player): void {
    const input = this.#mix?.add();
    if (input !== undefined) player.feeds.push({ tap: this.#tap, input });
  }

  #silence(player: Player): void {
    const at = player.feeds.findIndex(({ tap }) => tap === this.#tap);
    const [feed] = at < 0 ? [] : player.feeds.splice(at, 1);
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
