/** Sources that are remembered. */
const MAX_SOURCES = 8;
/** Time stamps of Opus for one of ours. */
const RATIO = 6;

/**
 * Time stamps of sources that count at 48 kHz (RFC 7587 4.1), made into those of 8 kHz that everything else has; over their wrap.
 */
export class StampScale {
  readonly #sources = new Map<number, { stamp: number; extended: number }>();
  /** How sources of which nothing is known count. */
  readonly #usual: boolean;

  constructor(usual: boolean) {
    this.#usual = usual;
  }

  /** The time stamp of a packet at 8 kHz. */
  ofPacket(ssrc: number, stamp: number, fast: boolean): number {
    if (fast) return this.#scale(ssrc, stamp);
    this.#sources.delete(ssrc);
    return stamp;
  }

  /** As above of a sender report. */
  ofReport(ssrc: number, stamp: number): number {
    return this.#sources.has(ssrc) || this.#usual ? this.#scale(ssrc, stamp) : stamp;
  }

  #scale(ssrc: number, stamp: number): number {
    let source = this.#sources.get(ssrc);
    if (source === undefined) {
      if (this.#sources.size >= MAX_SOURCES) this.#sources.clear();
      source = { stamp, extended: stamp };
      this.#sources.set(ssrc, source);
    }
    source.extended += (stamp - source.stamp) | 0;
    source.stamp = stamp;
    return Math.floor(source.extended / RATIO) >>> 0;
  }
}
