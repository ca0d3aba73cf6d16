import { DelayFloor } from "./delay-floor.ts";
import { DriftWatch } from "./drift-watch.ts";
import { SenderClock } from "./sender-clock.ts";
import { SequenceTracker } from "./sequence.ts";

const WAIT_FOR_REPORT_MS = 250;
/** As above where packets come faster than they were spoken: they are old, and when they came says nothing of when that was. */
const WAIT_OF_RESENT_MS = 2500;
/** How much faster: 200 ms of audio more than time has passed. */
const RESENT_AHEAD = 1600;
/** What was placed by reports moves back by this much at most without a jump: a jump back would overwrite what is there; 1 s. */
const BACK_LIMIT = 8000;
/** Sources (SSRC) that are remembered at once; the one longest silent is forgotten. */
const MAX_SOURCES = 4;
/** A difference to where the sender's clock says below this is left alone: 10 ms, so that two channels stay within 20. */
const DEAD_BAND = 80;
/** A stream that is tied to its arrival jumps to where its first report says where that is further away: 20 ms. */
const ARRIVAL_LIMIT = 160;
/** Larger differences are corrected at once instead of sample by sample, forwards at least: 100 ms. */
const SLEW_LIMIT = 800;
/** One sample of correction per this many: 0.625 %, more than any sound card drifts. */
const SLEW_PER_SAMPLES = 160;
/** As above where nobody speaks. */
const SLEW_PER_QUIET_SAMPLES = 8;
/**
 * A place that was wrong from the beginning is put right where nobody speaks, and only after this within speech: what says so
 * may be a busy machine at the sender's, which passes. 10 s.
 */
const STEP_PATIENCE = 80_000;
/** Shortest silence of the sender that is made longer or shorter: a packet. */
const LEAST_HOLE = 160;
/** A packet cannot come from the future: further ahead than 1 s its time stamp has jumped. */
const EARLY_LIMIT = 8000;
/** Without reports, later than 2 s means that the sender's time stamps stood still. */
const LATE_LIMIT = 16_000;
/** With reports a buffer that is flushed after a failover comes late, 60 s at most. */
const LATE_LIMIT_REPORTED = 480_000;

/** What became of a packet: `unanchored` = keep it and give it again when `anchored(ssrc)`. */
export type Placement = "placed" | "duplicate" | "unanchored";

/** Counters of a TimeLine. */
export interface TimeLineReport {
  readonly received: number;
  /** Sequence numbers that never came. */
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  /** SSRCs after the first one. */
  readonly sourceChanges: number;
  /** Times the mapping was moved at once: jumps of the time stamp, clock steps, restarts. */
  readonly jumps: number;
  /** Samples inserted (above 0) or left out (below) by drift correction. */
  readonly slewed: number;
  readonly jitterMs: number;
}

class Source {
  readonly ssrc: number;
  readonly sequence = new SequenceTracker();
  readonly delay = new DelayFloor();
  /** "report": by RTCP sender reports; "arrival": by when packets came. */
  anchor: "none" | "report" | "arrival" = "none";
  /** Position = extended time stamp + offset. */
  offset = 0;
  readonly drift = new DriftWatch();
  /** Samples by which offset is still to move. */
  correction = 0;
  /** The correction is of a drift: it cannot wait. */
  drifting = false;
  /** Since when a correction has been due, samples. */
  dueSince = 0;
  lastTs = 0;
  lastExtended = 0;
  begun = false;
  firstArrival = 0;
  lastArrival = 0;
  /** Least and greatest of arrival minus end of packet, over what came before the anchor; samples. */
  leastDelay = Number.POSITIVE_INFINITY;
  greatestDelay = Number.NEGATIVE_INFINITY;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  extend(ts: number): number {
    if (!this.begun) {
      this.begun = true;
      this.lastTs = ts;
      // Room below for time stamps that precede the first one seen.
      this.lastExtended = ts + 0x1_0000_0000;
    }
    return this.lastExtended + ((ts - this.lastTs) | 0);
  }
}

/**
 * Places the packets of one RTP stream on a wall-clock line of samples. Pure: no clock, no buffers, nothing allocated per packet.
 *
 * A position follows from the time stamp, so order of arrival, loss and duplicates do not matter. What ties time stamps to the wall clock
 * are RTCP sender reports (RFC 3550 6.4.1); a stream without them is tied to the arrival of its least delayed packets. Drift is
 * corrected a sample at a time (`slew`); a place that turns out to have been wrong, in the next silence.
 */
export class TimeLine {
  /** Of the packet last placed: index of its first sample; below 0 before the origin. */
  position = 0;
  /** Of the packet last placed: samples by which it is to be made longer (repeat its last sample) or, below 0, shorter (leave its last out). */
  slew = 0;
  /** Of the packet last placed: samples between the furthest end so far and this packet; 0 where there is no hole. */
  gap = 0;
  /** Of the packet last placed: sequence numbers missing just before it. A hole without one was there at the sender already. */
  missing = 0;
  /** Furthest end of all that was placed, samples. */
  end = 0;
  readonly #rate: number;
  readonly #originMicros: number;
  readonly #waitMicros: number;
  readonly #clock: SenderClock;
  readonly #sources = new Map<number, Source>();
  /** Where sources were known to be in an earlier run. */
  readonly #known = new Map<number, { readonly timestamp: number; readonly position: number }>();
  #current: Source | undefined;
  #any = false;
  #sourceCount = 0;
  #jumps = 0;
  #slewed = 0;
  #received = 0;
  #lost = 0;
  #duplicates = 0;
  #reordered = 0;

  /**
   * @param o.originMicros wall clock of sample 0
   * @param o.clock shared by the streams of one session
   * @param o.waitForReportMs how long packets stay unanchored while no sender report has come; default 250
   */
  constructor(o: {
    readonly originMicros: number;
    readonly clockRate?: number;
    readonly clock?: SenderClock;
    readonly waitForReportMs?: number;
  }) {
    this.#originMicros = o.originMicros;
    this.#rate = o.clockRate ?? 8000;
    this.#clock = o.clock ?? new SenderClock();
    this.#waitMicros = (o.waitForReportMs ?? WAIT_FOR_REPORT_MS) * 1000;
  }

  /** Sample index of a wall-clock time. */
  at(micros: number): number {
    return Math.round(((micros - this.#originMicros) * this.#rate) / 1_000_000);
  }

  /** True once packets of this source are placed at once. */
  anchored(ssrc: number): boolean {
    return (this.#sources.get(ssrc)?.anchor ?? "none") !== "none";
  }

  /**
   * Places one packet; on "placed" read `position`, `slew`, `gap` and `missing`.
   * @param samples length of the payload; 0 for packets that are not audio (telephone-event), which are only counted
   * @param quiet nobody speaks in it; asked for where `corrects(ssrc)`
   */
  place(
    ssrc: number,
    sequence: number,
    timestamp: number,
    samples: number,
    arrivalMicros: number,
    quiet = false,
  ): Placement {
    const source = this.#source(ssrc);
    const arrival = this.at(arrivalMicros);
    source.lastArrival = arrivalMicros;
    if (source.anchor === "none") {
      if (samples === 0) {
        source.sequence.take(sequence);
        this.position = arrival;
        return source.sequence.duplicates > 0 ? "duplicate" : "placed";
      }
      if (source.leastDelay === Number.POSITIVE_INFINITY) source.firstArrival = arrivalMicros;
      const delay = arrival - samples - source.extend(timestamp);
      source.leastDelay = Math.min(source.leastDelay, delay);
      source.greatestDelay = Math.max(source.greatestDelay, delay);
      if (!this.#waitedLong(source, arrivalMicros)) return "unanchored";
      this.#anchorByArrival(source);
    }
    const verdict = source.sequence.take(sequence);
    if (verdict === "duplicate") return "duplicate";
    this.missing = verdict === "gap" ? source.sequence.missing : 0;
    const extended = source.extend(timestamp);
    if (samples === 0) {
      this.position = extended + source.offset;
      this.slew = 0;
      this.gap = 0;
      return "placed";
    }
    const jumped = this.#watch(source, extended, samples, arrival);
    if (jumped || extended > source.lastExtended) {
      source.lastExtended = extended;
      source.lastTs = timestamp >>> 0;
    }
    source.sequence.takeTiming(timestamp, arrival);
    if (source.correction !== 0 && this.missing === 0 && this.#any) this.#useHole(source, extended);
    this.position = extended + source.offset;
    this.slew = this.#nextSlew(source, samples, quiet, arrival);
    this.gap = this.#any ? Math.max(0, this.position - this.end) : 0;
    this.end = this.#any
      ? Math.max(this.end, this.position + samples + this.slew)
      : this.position + samples + this.slew;
    this.#any = true;
    return "placed";
  }

  /** True while a source is to be moved, and would be where nobody speaks. */
  corrects(ssrc: number): boolean {
    return (this.#sources.get(ssrc)?.correction ?? 0) !== 0;
  }

  /**
   * A source was placed before, by another time line of the same origin: `timestamp` at `position`. Where its first report
   * agrees within 100 ms it goes on from there exactly, so that no sample at the seam is left out or doubled.
   */
  knownAt(ssrc: number, timestamp: number, position: number): void {
    this.#known.set(ssrc, { timestamp, position });
  }

  /** Takes an RTCP sender report: at `ntpMicros` of the sender's wall clock its time stamp was `timestamp`. */
  senderReport(ssrc: number, ntpMicros: number, timestamp: number, arrivalMicros: number): void {
    if (!(ntpMicros > 0)) return; // RFC 3550 6.4.1: a sender without a clock says 0
    const source = this.#source(ssrc);
    const at = this.at(this.#clock.local(ntpMicros, arrivalMicros));
    const target = at - source.extend(timestamp);
    const known = source.anchor === "none" ? this.#known.get(ssrc) : undefined;
    const before = known === undefined ? target : known.position - source.extend(known.timestamp);
    const difference = target - source.offset;
    if (source.anchor === "none") {
      source.offset = Math.abs(before - target) <= SLEW_LIMIT ? before : target;
      source.drift.take(at, target);
    } else if (
      source.anchor === "arrival"
        ? Math.abs(difference) > ARRIVAL_LIMIT
        : difference > SLEW_LIMIT || difference < -BACK_LIMIT
    ) {
      this.#jump(source, difference);
    } else {
      if (source.anchor === "arrival") source.drift.reset();
      source.drift.take(at, target);
      this.#follow(source, difference, this.at(arrivalMicros));
    }
    source.anchor = "report";
  }

  /** Anchors by arrival what has waited long enough for a report. Call it now and then, and before the end with `force`. */
  settle(nowMicros: number, force = false): void {
    for (const source of this.#sources.values()) {
      if (source.anchor !== "none" || source.leastDelay === Number.POSITIVE_INFINITY) continue;
      if (force || this.#waitedLong(source, nowMicros)) this.#anchorByArrival(source);
    }
  }

  #waitedLong({ firstArrival, greatestDelay, leastDelay }: Source, nowMicros: number): boolean {
    const resent = greatestDelay - leastDelay > RESENT_AHEAD;
    const wait = resent ? Math.max(this.#waitMicros, WAIT_OF_RESENT_MS * 1000) : this.#waitMicros;
    return nowMicros - firstArrival >= wait;
  }

  report(): TimeLineReport {
    let received = this.#received;
    let lost = this.#lost;
    let duplicates = this.#duplicates;
    let reordered = this.#reordered;
    for (const { sequence } of this.#sources.values()) {
      received += sequence.received;
      lost += sequence.lost;
      duplicates += sequence.duplicates;
      reordered += sequence.reordered;
    }
    return {
      received,
      lost,
      duplicates,
      reordered,
      sourceChanges: Math.max(0, this.#sourceCount - 1),
      jumps: this.#jumps,
      slewed: this.#slewed,
      jitterMs: ((this.#current?.sequence.jitter ?? 0) * 1000) / this.#rate,
    };
  }

  #source(ssrc: number): Source {
    if (this.#current?.ssrc === ssrc) return this.#current;
    let source = this.#sources.get(ssrc);
    if (source === undefined) {
      if (this.#sources.size >= MAX_SOURCES) this.#forgetOne();
      source = new Source(ssrc);
      this.#sources.set(ssrc, source);
      this.#sourceCount++;
    }
    this.#current = source;
    return source;
  }

  #forgetOne(): void {
    let oldest: Source | undefined;
    for (const s of this.#sources.values()) {
      if (oldest === undefined || s.lastArrival < oldest.lastArrival) oldest = s;
    }
    if (oldest === undefined) return;
    this.#received += oldest.sequence.received;
    this.#lost += oldest.sequence.lost;
    this.#duplicates += oldest.sequence.duplicates;
    this.#reordered += oldest.sequence.reordered;
    this.#sources.delete(oldest.ssrc);
  }

  #anchorByArrival(source: Source): void {
    source.offset = source.leastDelay;
    source.anchor = "arrival";
  }

  /** Finds jumps (true), and without reports the drift. */
  #watch(source: Source, extended: number, samples: number, arrival: number): boolean {
    const delay = arrival - (extended + source.offset + samples);
    const late = source.anchor === "report" ? LATE_LIMIT_REPORTED : LATE_LIMIT;
    if (delay > late || delay < -EARLY_LIMIT) {
      this.#jump(source, delay);
      source.delay.reset();
      return true;
    }
    if (source.anchor !== "arrival") return false;
    source.delay.take(arrival, delay);
    if (!source.delay.settled) return false;
    const floor = source.delay.value;
    source.drift.take(arrival, source.offset + floor);
    this.#follow(source, floor, arrival);
    return false;
  }

  #jump(source: Source, by: number): void {
    source.offset += by;
    source.correction = 0;
    source.drifting = false;
    source.drift.reset();
    this.#jumps++;
  }

  /** A source has been found to be `difference` samples from its place. */
  #follow(source: Source, difference: number, now: number): void {
    const wrong = Math.abs(difference) > DEAD_BAND;
    if (source.correction === 0 && !wrong && !source.drifting) return;
    if (source.correction === 0) source.dueSince = now;
    source.drifting = source.drift.drifts && (wrong || source.drifting);
    // What has passed while it waited need not be put right.
    const passed = !wrong && !source.drifting && now - source.dueSince < STEP_PATIENCE;
    source.correction = passed ? 0 : difference;
  }

  /** In a silence of the sender's nothing is lost by moving. */
  #useHole(source: Source, extended: number): void {
    const hole = extended + source.offset - this.end;
    if (hole < LEAST_HOLE) return;
    const by = Math.max(-hole, Math.round(source.correction));
    this.#move(source, by);
  }

  #nextSlew(source: Source, samples: number, quiet: boolean, now: number): number {
    if (source.correction === 0) return 0;
    if (!quiet && !source.drifting && now - source.dueSince < STEP_PATIENCE) return 0;
    const most = Math.max(1, Math.floor(samples / (quiet ? SLEW_PER_QUIET_SAMPLES : SLEW_PER_SAMPLES)));
    const slew = Math.max(-most, Math.min(most, Math.round(source.correction)));
    this.#move(source, slew);
    this.#slewed += slew;
    return slew;
  }

  #move(source: Source, by: number): void {
    source.correction -= by;
    if (Math.abs(source.correction) < 0.5) source.correction = 0;
    source.offset += by;
    if (source.anchor === "arrival") source.delay.shift(-by);
  }
}
