import { type FileCodec, FRAME_BYTES, silenceByte } from "@sidetone/recording-file";
import { MAX_AHEAD_MS, RATE } from "../limits.ts";
import { mixed } from "./laws.ts";

/** So long after its end it is still known what a group of streams covered: a Media Server sends 15 s again at most. */
const COVERED_SAMPLES = 20 * RATE;

/** Where the assembled audio goes, in order, without holes. */
export interface AudioSink {
  /** Interleaved frames; the bytes belong to the sink. */
  audio(bytes: Uint8Array): void;
  silence(frames: number): void;
}

/** A piece of a channel that is not there yet. */
interface Hole {
  readonly from: number;
  readonly to: number;
  /**
   * Sequence numbers that are missing. 0 where only the time stamp jumped: what a client that numbers its packets as it
   * sends them received late itself comes late with a number that fits, so such a piece may be filled as well.
   */
  readonly packets: number;
}

/** A hole that was not filled in time. Positions of the time line. */
export interface Loss {
  readonly channel: number;
  readonly from: number;
  readonly to: number;
  readonly packets: number;
}

/** One stream's place in the assembler. */
export interface AssemblerLane {
  readonly channel: number;
  /** Streams that are heard together. What a later group sends of a time that an earlier one covered is the same audio again. */
  readonly group: number;
  /** Furthest end that was put; undefined before the first packet. */
  end: number | undefined;
  readonly holes: Hole[];
}

/**
 * Puts the packets of several streams into one stereo line and gives away, in order, what cannot change any more. Pure. Positions count samples
 * of the time line. Audio is ready when every lane has it without a hole, or when a window has passed since a lane had it.
 */
export class Assembler {
  readonly codec: FileCodec;
  readonly #silence: number;
  readonly #sink: AudioSink;
  readonly #onLoss: (loss: Loss) => void;
  readonly #lanes = new Set<AssemblerLane>();
  /** Furthest end at earlier times: what was there a window ago is final. */
  readonly #marks: { at: number; end: number }[] = [];
  #buffer: Uint8Array;
  /** Position of the buffer's first frame. */
  #start: number | undefined;
  /** Everything before it is given away; undefined before the line has begun. */
  #base: number | undefined;
  #end = Number.NEGATIVE_INFINITY;
  /** Position of the earliest audio; for `begin`. */
  earliest: number | undefined;
  /** Samples that came after their place was given away. */
  late = 0;
  /** Furthest end of each group by channel; few: what is given away is forgotten. */
  readonly #covered: { readonly channel: number; readonly group: number; end: number }[] = [];

  /** @param base position where the line goes on; undefined: it begins with the first audio. */
  constructor(o: { codec: FileCodec; sink: AudioSink; onLoss: (loss: Loss) => void; base?: number }) {
    this.codec = o.codec;
    this.#silence = silenceByte(o.codec);
    this.#sink = o.sink;
    this.#onLoss = o.onLoss;
    this.#base = o.base;
    if (o.base !== undefined)
      for (const channel of [0, 1]) this.#covered.push({ channel, group: Number.NEGATIVE_INFINITY, end: o.base });
    this.#buffer = new Uint8Array(2 * RATE * FRAME_BYTES).fill(this.#silence);
  }

  /** Position up to which everything was given away; undefined before the line has begun. */
  get base(): number | undefined {
    return this.#base;
  }

  /** Furthest end of all audio. */
  get end(): number {
    return this.#end;
  }

  addLane(channel: number, group = 0): AssemblerLane {
    const lane: AssemblerLane = { channel, group, end: undefined, holes: [] };
    this.#lanes.add(lane);
    return lane;
  }

  /** Takes a stream away; its holes are losses now. */
  removeLane(lane: AssemblerLane): void {
    this.#lanes.delete(lane);
    for (const hole of lane.holes) this.#tell(lane, hole);
    lane.holes.length = 0;
  }

  /** Every lane has had audio. */
  get allBegun(): boolean {
    for (const lane of this.#lanes) if (lane.end === undefined) return false;
    return this.#lanes.size > 0;
  }

  /** Begins the line at a position, unless it has begun. */
  begin(position: number): void {
    this.#base ??= position;
  }

  /**
   * Puts `length` samples at a position.
   * @param missing sequence numbers that are missing just before them
   * @param slew samples to repeat at the end, or below 0 to leave out
   * @param table converts the law; undefined: none
   */
  put(
    lane: AssemblerLane,
    position: number,
    data: Uint8Array,
    start: number,
    length: number,
    missing: number,
    slew: number,
    table: Uint8Array | undefined,
  ): void {
    const total = Math.max(0, length + slew);
    if (total === 0) return;
    if (this.#base === undefined && (this.earliest === undefined || position < this.earliest)) this.earliest = position;
    this.#room(position, total);
    const bufferStart = this.#start ?? position;
    const again = Math.min(total, Math.max(0, this.#coveredBy(lane) - position));
    const first = Math.max(bufferStart, this.#base ?? bufferStart);
    this.#track(lane, position, position + total, missing);
    const mix = this.#shared(lane);
    const buffer = this.#buffer;
    let skip = again;
    if (position + skip < first) {
      skip = Math.min(total, first - position);
      this.late += skip - again;
    }
    let to = (position + skip - bufferStart) * FRAME_BYTES + lane.channel;
    for (let i = skip; i < total; i++, to += FRAME_BYTES) {
      const raw = data[start + Math.min(i, length - 1)] ?? this.#silence;
      const value = table === undefined ? raw : (table[raw] ?? this.#silence);
      buffer[to] = mix && buffer[to] !== this.#silence ? mixed(this.codec, buffer[to] ?? 0, value) : value;
    }
  }

  /**
   * Gives away what is ready. To be called also while the line has not begun: what has waited by then need not wait again.
   * @param now any monotonic ms
   * @param windowMs how long a hole may still be filled
   */
  flush(now: number, windowMs: number): void {
    if (this.#end > (this.#marks.at(-1)?.end ?? Number.NEGATIVE_INFINITY))
      this.#marks.push({ at: now, end: this.#end });
    if (this.#base === undefined) return;
    let settled = Number.NEGATIVE_INFINITY;
    for (let first = this.#marks[0]; first !== undefined && first.at <= now - windowMs; first = this.#marks[0]) {
      settled = first.end;
      this.#marks.shift();
    }
    let ready = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes)
      ready = Math.min(ready, lane.holes[0]?.from ?? lane.end ?? Number.NEGATIVE_INFINITY);
    if (ready === Number.POSITIVE_INFINITY) ready = Number.NEGATIVE_INFINITY;
    this.#give(Math.max(ready, settled));
  }

  /** Gives everything away, and silence up to `position` where the audio ends before it. */
  finish(position: number): void {
    for (const lane of Array.from(this.#lanes)) this.removeLane(lane);
    const base = this.#base ?? this.earliest;
    if (base === undefined) return;
    this.begin(base);
    this.#give(Math.max(this.#end, position));
  }

  /** Makes room for `length` samples at `position`. */
  #room(position: number, length: number): void {
    const ahead = (MAX_AHEAD_MS * RATE) / 1000;
    if (this.#base !== undefined && position - this.#base > ahead) this.#give(position - RATE);
    this.#start ??= this.#base ?? position;
    if (this.#base === undefined && position < this.#start) this.#align(position);
    const needed = (position + length - this.#start) * FRAME_BYTES;
    if (needed > this.#buffer.length) this.#resize(Math.max(needed, this.#buffer.length * 2), 0);
  }

  /** Makes `position` the buffer's first frame: what is before it falls out. */
  #align(position: number): void {
    const start = this.#start ?? position;
    if (position < start) this.#resize(this.#buffer.length + (start - position) * FRAME_BYTES, start - position);
    else if (position > start) {
      const cut = Math.min(this.#buffer.length, (position - start) * FRAME_BYTES);
      this.#buffer.copyWithin(0, cut);
      this.#buffer.fill(this.#silence, this.#buffer.length - cut);
    }
    this.#start = position;
  }

  #resize(bytes: number, shiftFrames: number): void {
    const bigger = new Uint8Array(bytes).fill(this.#silence);
    bigger.set(this.#buffer, shiftFrames * FRAME_BYTES);
    this.#buffer = bigger;
  }

  #shared(lane: AssemblerLane): boolean {
    for (const other of this.#lanes)
      if (other !== lane && other.channel === lane.channel && other.group === lane.group) return true;
    return false;
  }

  /** Up to where another group has this lane's channel already. */
  #coveredBy(lane: AssemblerLane): number {
    let end = Number.NEGATIVE_INFINITY;
    for (const one of this.#covered)
      if (one.channel === lane.channel && one.group !== lane.group) end = Math.max(end, one.end);
    return end;
  }

  #cover(lane: AssemblerLane, to: number): void {
    const own = this.#covered.find(({ channel, group }) => channel === lane.channel && group === lane.group);
    if (own === undefined) this.#covered.push({ channel: lane.channel, group: lane.group, end: to });
    else if (to > own.end) own.end = to;
  }

  #track(lane: AssemblerLane, from: number, to: number, missing: number): void {
    this.#end = Math.max(this.#end, to);
    this.#cover(lane, to);
    if (lane.end === undefined) {
      lane.end = to;
      return;
    }
    if (from > lane.end) lane.holes.push({ from: lane.end, to: from, packets: missing });
    else if (from < lane.end && lane.holes.length > 0) fill(lane.holes, Math.max(from, this.#base ?? from), to);
    lane.end = Math.max(lane.end, to);
  }

  #give(upTo: number): void {
    const base = this.#base;
    if (base === undefined || upTo <= base) return;
    this.#align(base);
    const frames = upTo - base;
    const audio = Math.max(0, Math.min(frames, this.#end - base, this.#buffer.length / FRAME_BYTES));
    if (audio > 0) this.#sink.audio(this.#buffer.slice(0, audio * FRAME_BYTES));
    if (frames > audio) this.#sink.silence(frames - audio);
    this.#align(upTo);
    this.#base = upTo;
    for (const lane of this.#lanes) this.#expire(lane, upTo);
    for (let i = this.#covered.length - 1; i >= 2; i--)
      if ((this.#covered[i]?.end ?? 0) < upTo - COVERED_SAMPLES) this.#covered.splice(i, 1);
    const wanted = 2 * RATE * FRAME_BYTES;
    if (this.#buffer.length > 4 * wanted && this.#end - upTo < RATE) this.#buffer = this.#buffer.slice(0, wanted);
  }

  #expire(lane: AssemblerLane, upTo: number): void {
    // A hole is told as a whole, when all of it is given away.
    for (let hole = lane.holes[0]; hole !== undefined && hole.to <= upTo; hole = lane.holes[0]) {
      lane.holes.shift();
      this.#tell(lane, hole);
    }
  }

  #tell(lane: AssemblerLane, hole: Hole): void {
    if (hole.packets > 0) this.#onLoss({ channel: lane.channel, ...hole });
  }
}

/** Takes `from`..`to` out of the holes. */
function fill(holes: Hole[], from: number, to: number): void {
  for (let i = 0; i < holes.length; i++) {
    const hole = holes[i];
    if (hole === undefined || to <= hole.from || from >= hole.to) continue;
    const rest: Hole[] = [];
    const packets = hole.packets === 0 ? 0 : Math.max(1, hole.packets - 1);
    if (from > hole.from) rest.push({ from: hole.from, to: from, packets });
    if (to < hole.to) rest.push({ from: to, to: hole.to, packets: from > hole.from ? Math.min(1, packets) : packets });
    holes.splice(i, 1, ...rest);
    i += rest.length - 1;
  }
}
