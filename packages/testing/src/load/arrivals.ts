/** What one phone heard, packet by packet, in arrays that cost little: all of the same length. */
export interface Arrivals {
  /** Wall clock, µs; the kernel's time stamp where it is to be had. */
  readonly atMicros: Float64Array;
  /** Whose voice, by its content; -1: nobody's (silence, music, rubbish). */
  readonly speaker: Int16Array;
  /** Number of the frame that was heard. */
  readonly frame: Uint32Array;
  /** Port that sent it. */
  readonly fromPort: Uint16Array;
  readonly ssrc: Uint32Array;
}

/** Collects arrivals. */
export class ArrivalLog {
  #size = 0;
  #at = new Float64Array(4096);
  #speaker = new Int16Array(4096);
  #frame = new Uint32Array(4096);
  #port = new Uint16Array(4096);
  #ssrc = new Uint32Array(4096);

  get size(): number {
    return this.#size;
  }

  add(atMicros: number, speaker: number, frame: number, fromPort: number, ssrc: number): void {
    if (this.#size === this.#at.length) this.#grow();
    const n = this.#size;
    this.#at[n] = atMicros;
    this.#speaker[n] = speaker;
    this.#frame[n] = frame;
    this.#port[n] = fromPort;
    this.#ssrc[n] = ssrc;
    this.#size = n + 1;
  }

  /** A copy of what came at or after this instant. */
  since(micros: number): Arrivals {
    let from = this.#size;
    while (from > 0 && (this.#at[from - 1] ?? 0) >= micros) from -= 1;
    return {
      atMicros: this.#at.slice(from, this.#size),
      speaker: this.#speaker.slice(from, this.#size),
      frame: this.#frame.slice(from, this.#size),
      fromPort: this.#port.slice(from, this.#size),
      ssrc: this.#ssrc.slice(from, this.#size),
    };
  }

  #grow(): void {
    const longer = <T extends Float64Array | Int16Array | Uint32Array | Uint16Array>(array: T, more: T): T => {
      more.set(array);
      return more;
    };
    const size = 2 * this.#at.length;
    this.#at = longer(this.#at, new Float64Array(size));
    this.#speaker = longer(this.#speaker, new Int16Array(size));
    this.#frame = longer(this.#frame, new Uint32Array(size));
    this.#port = longer(this.#port, new Uint16Array(size));
    this.#ssrc = longer(this.#ssrc, new Uint32Array(size));
  }
}

/** How a leg came through a fault. All times ms. */
export interface LegGap {
  /** Longest time without a packet of the other party's voice, from the last one before the fault on. */
  readonly longestMs: number;
  /** From the fault to the first packet after that longest silence; 0 where no silence is longer than `SILENCE_MS`. */
  readonly backAfterMs: number;
  /** Frames of the other party that never came, from the fault's last good one to the end of the window. */
  readonly lostFrames: number;
  /** Frames that came twice, or after a later one by more than `DISORDER` frames: an old stream speaks again. */
  readonly staleFrames: number;
  /** Packets that carried somebody else's voice. */
  readonly foreign: number;
  /** Packets of the other party in the window's last second: 50 where all is well. */
  readonly lastSecond: number;
}

/** A pause of a stream that counts as one, ms: five packets. */
export const SILENCE_MS = 100;
/** Frames by which one may be overtaken on its way. */
const DISORDER = 5;
const FRAME_MICROS = 20_000;

/**
 * Judges one leg by what its phone heard. The window is from the fault to `untilMicros`; a leg that hears nothing any more has a silence that
 * lasts to its end. With `sentAt`, the instant of each frame's sending, what the load's own thread was late does not count.
 */
export function legGap(
  arrivals: Arrivals,
  partner: number,
  faultMicros: number,
  untilMicros: number,
  sentAt?: Float64Array,
): LegGap {
  const { atMicros, speaker, frame } = arrivals;
  let longest = 0;
  let back = faultMicros;
  let last: number | undefined;
  let lastFrame = -1;
  let firstFrame = -1;
  let lastSecond = 0;
  let foreign = 0;
  let stale = 0;
  const seen = new Set<number>();
  const silence = (until: number, frameHeard?: number): void => {
    const own = sentAt === undefined || frameHeard === undefined ? 0 : lateness(sentAt, lastFrame, frameHeard);
    const length = until - (last ?? faultMicros) - own;
    if (length <= longest) return;
    longest = length;
    back = until;
  };
  for (let n = 0; n < atMicros.length; n += 1) {
    const at = atMicros[n] ?? 0;
    if (at > untilMicros) break;
    const who = speaker[n] ?? -1;
    if (who !== partner) {
      if (who >= 0 && at >= faultMicros) foreign += 1;
      continue;
    }
    const number = frame[n] ?? 0;
    if (at < faultMicros) {
      last = at;
      firstFrame = lastFrame = Math.max(lastFrame, number);
      seen.add(number);
      continue;
    }
    const old = seen.has(number) || number < lastFrame - DISORDER;
    seen.add(number);
    if (old) {
      stale += 1;
      continue;
    }
    silence(at, number);
    last = at;
    lastFrame = Math.max(lastFrame, number);
    if (at > untilMicros - 1e6) lastSecond += 1;
  }
  silence(untilMicros);
  let lost = 0;
  for (let number = firstFrame; firstFrame >= 0 && number < lastFrame; number += 1) if (!seen.has(number)) lost += 1;
  const longestMs = longest / 1000;
  return {
    longestMs,
    backAfterMs: longestMs > SILENCE_MS ? (back - faultMicros) / 1000 : 0,
    lostFrames: lost,
    staleFrames: stale,
    foreign,
    lastSecond,
  };
}

/** By how much the longest pause between two frames on their way out was too long, µs. */
function lateness(sentAt: Float64Array, first: number, last: number): number {
  let longest = FRAME_MICROS;
  for (let n = Math.max(1, first + 1); n <= last; n += 1)
    longest = Math.max(longest, (sentAt[n] ?? 0) - (sentAt[n - 1] ?? 0));
  return longest - FRAME_MICROS;
}

/** Middle, 99th percentile and worst of numbers. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Percentiles by the nearest rank; all 0 where there is nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? 0 };
}
