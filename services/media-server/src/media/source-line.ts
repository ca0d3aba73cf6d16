import { DelayFloor, type RtpView, SequenceTracker } from "@sidetone/rtp";

/** Further ahead of its arrival than 0.5 s a packet cannot be: its time stamp has jumped. */
const EARLY_LIMIT = 4000;
/** Later than 2 s: the sender's time stamps stood still. */
const LATE_LIMIT = 16_000;
/** As above where the marker says that a talkspurt begins: 0.3 s. */
const LATE_LIMIT_MARKED = 2400;

/** A lag that differs by less from the reported one is not reported: jitter, not drift. 8 ms. */
const REPORT_SLACK = 64;
/**
 * A lag that is higher by more counts at once, by less only when it stays: a machine that is busy for a while passes, and what was told must
 * be taken back then, which costs the recorder audio. 300 ms.
 */
const REPORT_RISE = 2400;
const REPORT_PATIENCE = 32_000;

/** A position to hand on. As a bare number it would be an object per packet and call: it exceeds 31 bits. */
export interface Spot {
  readonly position: number;
}

class Source {
  ssrc = 0;
  begun = false;
  offset = 0;
  lastTs = 0;
  lastExtended = 0;
  sequence = new SequenceTracker();
}

/**
 * What a phone sends, on the engine's own line of samples (wall clock × 8 kHz): a position for each packet, whatever the phone does to
 * SSRC, sequence numbers and time stamps. Within one time line of the phone positions follow its time stamps exactly.
 */
export class SourceLine implements Spot {
  /** Of the packet last taken: its first sample. */
  position = 0;
  /** Of the packet last taken: true where a new time line of the phone begins (first packet, other SSRC, jump). */
  fresh = false;
  /** To be set before `take`: when the packet came, on the engine's line. */
  arrival = 0;
  /** Furthest end so far. */
  end = 0;
  ssrcChanges = 0;
  jumps = 0;
  readonly #delay = new DelayFloor();
  /** The one that sends, and the one before: late packets of it are no new change. */
  #current = new Source();
  #previous = new Source();
  #reported: number | undefined;
  #risenSince: number | undefined;
  #lostBefore = 0;
  #duplicatesBefore = 0;
  #reorderedBefore = 0;

  /** Samples by which arrival is later than the line says, at least: what drift and the first packet's delay add up to. */
  get lag(): number {
    const floor = this.#delay.value;
    return floor === Number.POSITIVE_INFINITY ? 0 : floor;
  }

  /**
   * The lag as reports are to tell it: that of the first report, with what was heard until then, for as long as jitter
   * explains the difference. A recorder follows every change of it by taking out or putting in samples.
   * @param now on the engine's line
   */
  reportLag(now: number): number {
    const floor = this.#delay.value;
    if (floor === Number.POSITIVE_INFINITY) return this.#reported ?? 0;
    const rise = floor - (this.#reported ?? floor);
    if (rise <= REPORT_SLACK) this.#risenSince = undefined;
    else this.#risenSince ??= now;
    const stays = this.#risenSince !== undefined && now - this.#risenSince >= REPORT_PATIENCE;
    if (this.#reported === undefined || rise < -REPORT_SLACK || rise > REPORT_RISE || stays) {
      this.#reported = floor;
      this.#risenSince = undefined;
    }
    return this.#reported;
  }

  /** SSRC that sends; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#current.begun ? this.#current.ssrc : undefined;
  }

  get sequence(): SequenceTracker {
    return this.#current.sequence;
  }

  get lost(): number {
    return this.#lostBefore + this.#current.sequence.lost + this.#previous.sequence.lost;
  }

  get duplicates(): number {
    return this.#duplicatesBefore + this.#current.sequence.duplicates + this.#previous.sequence.duplicates;
  }

  get reordered(): number {
    return this.#reorderedBefore + this.#current.sequence.reordered + this.#previous.sequence.reordered;
  }

  /**
   * Takes a packet; false for a duplicate.
   * @param samples 0 for telephone-events
   */
  take(packet: RtpView, samples: number): boolean {
    const { ssrc, sequence, timestamp, marker } = packet;
    const { arrival } = this;
    this.fresh = false;
    let source = this.#current;
    if (!source.begun || source.ssrc !== ssrc) source = this.#switch(ssrc);
    if (source.sequence.take(sequence) === "duplicate") return false;
    source.sequence.takeTiming(timestamp, arrival);
    if (!source.begun) this.#anchor(source, timestamp, samples, arrival);
    let extended = source.lastExtended + ((timestamp - source.lastTs) | 0);
    if (samples > 0) {
      const delay = arrival - (extended + source.offset + samples);
      if (delay < -EARLY_LIMIT || delay > (marker ? LATE_LIMIT_MARKED : LATE_LIMIT)) {
        this.jumps++;
        this.#anchor(source, timestamp, samples, arrival);
        extended = source.lastExtended;
      }
      this.#delay.take(arrival, arrival - (extended + source.offset + samples));
      if (extended > source.lastExtended) {
        source.lastExtended = extended;
        source.lastTs = timestamp;
      }
    }
    this.position = extended + source.offset;
    if (this.position + samples > this.end) this.end = this.position + samples;
    return true;
  }

  #switch(ssrc: number): Source {
    const last = this.#current;
    const other = this.#previous;
    this.#previous = last;
    this.#current = other;
    this.fresh = true;
    if (last.begun) this.ssrcChanges++;
    if (other.begun && other.ssrc === ssrc) return other;
    this.#lostBefore += other.sequence.lost;
    this.#duplicatesBefore += other.sequence.duplicates;
    this.#reorderedBefore += other.sequence.reordered;
    other.ssrc = ssrc;
    other.begun = false;
    other.sequence = new SequenceTracker();
    return other;
  }

  #anchor(source: Source, timestamp: number, samples: number, arrival: number): void {
    let position = Math.floor(arrival - this.lag) - samples;
    // Less than a packet apart: the phone went on without a break.
    if (this.end > 0 && Math.abs(position - this.end) < 200) position = this.end;
    source.begun = true;
    source.lastTs = timestamp;
    source.lastExtended = timestamp;
    source.offset = position - timestamp;
    this.fresh = true;
  }
}
