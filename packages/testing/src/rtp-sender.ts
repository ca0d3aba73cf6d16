import type { Socket } from "node:dgram";
import type { AudioSource } from "./audio-source.ts";
import { type Companding, encoderOf } from "./g711.ts";

const FRAME = 160; // samples in 20 ms
const FRAME_MS = 20;
const DIGITS = "0123456789*#ABCD"; // RFC 4733 3.2: events 0 to 15

/** What the phone does to its own packets on the way out. `n` counts the 20 ms frames from the start of sending. */
export interface Impairment {
  /** True: frame `n` is never sent. */
  readonly drop?: (n: number) => boolean;
  /** Milliseconds by which frame `n` is late; more than 20 makes the next one overtake it. */
  readonly delayMs?: (n: number) => number;
  /** True: frame `n` is sent twice. */
  readonly duplicate?: (n: number) => boolean;
}

/** Where a phone sends and what. */
export interface RtpTarget {
  readonly host: string;
  readonly port: number;
  readonly payloadType: number;
  readonly codec: Companding;
  /** Payload type of telephone-event as the far side wants it. */
  readonly eventPayloadType: number | undefined;
}

interface Tone {
  readonly event: number;
  readonly startedAt: number;
  readonly frames: number;
  readonly timestamp: number;
  readonly done: () => void;
  sent: number;
}

/** Sends 20 ms frames in real time. Frames keep their time slots: while muted or held, the time stamp goes on and the sequence does not. */
export class RtpSender {
  readonly ssrc: number;
  readonly #socket: Socket;
  readonly #impair: Impairment;
  readonly #tones: Tone[] = [];
  readonly #late = new Set<NodeJS.Timeout>();
  #source: AudioSource;
  #target: RtpTarget | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #frame = 0;
  #sequence: number;
  #timestampBase: number;
  #sourceAt = 0;
  #active = true;
  #marker = true;
  #closed = false;
  sentPackets = 0;

  constructor(
    socket: Socket,
    source: AudioSource,
    o: { ssrc: number; sequence: number; timestamp: number; impair?: Impairment },
  ) {
    this.#socket = socket;
    this.#source = source;
    this.ssrc = o.ssrc >>> 0;
    this.#sequence = o.sequence & 0xffff;
    this.#timestampBase = o.timestamp >>> 0;
    this.#impair = o.impair ?? {};
  }

  /** Milliseconds of `performance.now()` at which the first frame left; 0 before that. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Sets or changes the far side; starts sending at the first one. */
  sendTo(target: RtpTarget): void {
    this.#target = target;
    if (this.#timer !== undefined || this.#closed) return;
    this.#startedAt = performance.now();
    this.#tick();
  }

  /** False: nothing leaves (held, or the far side asked for `sendonly`). */
  setActive(active: boolean): void {
    if (active && !this.#active) this.#marker = true;
    this.#active = active;
  }

  /** Changes what is played, from its own beginning. */
  play(source: AudioSource): void {
    this.#source = source;
    this.#sourceAt = this.#frame;
  }

  /** RFC 4733: sends one digit for `ms`; resolves when its last packet left. Audio pauses meanwhile. */
  digit(digit: string, ms = 120): Promise<void> {
    const event = DIGITS.indexOf(digit.toUpperCase());
    if (event < 0) throw new Error(`no DTMF digit: ${digit}`);
    return new Promise((done) => {
      const queued = this.#tones.reduce((sum, tone) => sum + tone.frames - tone.sent + 3, 0);
      const startedAt = this.#frame + queued;
      const frames = Math.max(2, Math.round(ms / FRAME_MS));
      this.#tones.push({ event, startedAt, frames, timestamp: this.#timestampOf(startedAt), sent: 0, done });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const timer of this.#late) clearTimeout(timer);
    for (const tone of this.#tones) tone.done();
  }

  #timestampOf(frame: number): number {
    return (this.#timestampBase + frame * FRAME) >>> 0;
  }

  #tick(): void {
    if (this.#closed) return;
    const now = performance.now();
    while (this.#startedAt + this.#frame * FRAME_MS <= now) {
      this.#sendFrame(this.#frame);
      this.#frame += 1;
    }
    const wait = this.#startedAt + this.#frame * FRAME_MS - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, wait));
  }

  #sendFrame(frame: number): void {
    const target = this.#target;
    if (target === undefined || !this.#active) return;
    const tone = this.#tones[0];
    if (tone !== undefined && target.eventPayloadType !== undefined) {
      this.#sendTone(tone, target, target.eventPayloadType);
      return;
    }
    const packet = Buffer.allocUnsafe(12 + FRAME);
    this.#header(packet, target.payloadType, this.#timestampOf(frame), this.#marker);
    this.#marker = false;
    const encode = encoderOf(target.codec);
    const from = (frame - this.#sourceAt) * FRAME;
    for (let i = 0; i < FRAME; i += 1) packet[12 + i] = encode(this.#source(from + i));
    this.#leave(packet, target, frame);
  }

  #sendTone(tone: Tone, target: RtpTarget, payloadType: number): void {
    tone.sent += 1;
    const ended = tone.sent > tone.frames;
    const packet = Buffer.allocUnsafe(16);
    this.#header(packet, payloadType, tone.timestamp, tone.sent === 1);
    packet[12] = tone.event;
    packet[13] = (ended ? 0x80 : 0) | 10; // RFC 4733 2.3: end bit, volume -10 dBm0
    packet.writeUInt16BE(Math.min(tone.sent, tone.frames) * FRAME, 14);
    this.#leave(packet, target, -1);
    if (tone.sent < tone.frames + 3) return; // RFC 4733 2.5.1.4: the last packet three times
    this.#tones.shift();
    this.#marker = true;
    tone.done();
  }

  #header(packet: Buffer, payloadType: number, timestamp: number, marker: boolean): void {
    packet[0] = 0x80;
    packet[1] = (marker ? 0x80 : 0) | payloadType;
    packet.writeUInt16BE(this.#sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    this.#sequence = (this.#sequence + 1) & 0xffff;
  }

  #leave(packet: Buffer, target: RtpTarget, frame: number): void {
    if (frame >= 0 && this.#impair.drop?.(frame) === true) return;
    this.sentPackets += 1;
    const send = (): void => {
      if (!this.#closed && target.port > 0 && target.port < 65_536)
        this.#socket.send(packet, target.port, target.host, () => undefined);
    };
    const late = frame >= 0 ? (this.#impair.delayMs?.(frame) ?? 0) : 0;
    if (late > 0) {
      const timer = setTimeout(() => {
        this.#late.delete(timer);
        send();
      }, late);
      this.#late.add(timer);
    } else send();
    if (frame >= 0 && this.#impair.duplicate?.(frame) === true) send();
  }
}
