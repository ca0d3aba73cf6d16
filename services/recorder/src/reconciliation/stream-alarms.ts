import { type Cancel, type Clock, type Logger, rfc3339 } from "@sidetone/foundation";
import type { Side } from "./expected-party.ts";

/** A stream of a call that is up brings no RTP, as the API shows it. */
export interface StreamAlarm {
  readonly kind: "stream-silent";
  readonly recordingId: string;
  readonly callUuid: string | null;
  readonly side: Side;
  /** When the last RTP came, or the stream was opened; RFC 3339. */
  readonly since: string;
}

/** A stream of a recording that brings nothing. */
export interface SilentStream {
  /** As the media thread names them. */
  readonly session: number;
  readonly channel: number;
  readonly recordingId: string;
  readonly callUuid: string | undefined;
  readonly silentMs: number;
}

/** R34: streams of recordings that run and bring nothing, told while something can still be done about it. */
export class StreamAlarms {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #now = new Map<string, StreamAlarm>();
  /** Recordings whose call is on hold: then neither who holds it nor who waits need send anything. */
  readonly #held = new Set<string>();
  /** Streams that fell silent during a hold; told where they stay so after it. */
  readonly #waiting = new Map<string, { readonly stream: SilentStream; cancel: Cancel | undefined }>();
  #total = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get now(): readonly StreamAlarm[] {
    return Array.from(this.#now.values());
  }

  /** Alarms since the start. */
  get total(): number {
    return this.#total;
  }

  /** A stream has brought no RTP for `silentMs`, though it is not paused. */
  silent(stream: SilentStream): void {
    const key = keyOf(stream.session, stream.channel);
    if (this.#now.has(key) || this.#waiting.has(key)) return;
    if (this.#held.has(stream.recordingId)) this.#waiting.set(key, { stream, cancel: undefined });
    else this.#raise(key, stream);
  }

  /** The call of a recording was put on hold, or taken back. */
  held(recordingId: string, on: boolean): void {
    if (on) this.#held.add(recordingId);
    else this.#held.delete(recordingId);
    for (const [key, waiting] of this.#waiting) {
      const { stream } = waiting;
      if (stream.recordingId !== recordingId) continue;
      waiting.cancel?.();
      const retrieved = this.#clock.now();
      waiting.cancel = on
        ? undefined
        : this.#clock.after(stream.silentMs, () => {
            this.#waiting.delete(key);
            this.#raise(key, { ...stream, silentMs: this.#clock.now() - retrieved });
          });
    }
  }

  #raise(key: string, { channel, recordingId, callUuid, silentMs }: SilentStream): void {
    const side = channel === 0 ? "customer" : "agent";
    const since = rfc3339(this.#clock.wallMicros() - silentMs * 1000);
    this.#now.set(key, { kind: "stream-silent", recordingId, callUuid: callUuid ?? null, side, since });
    this.#total += 1;
    this.#log.error(
      { alarm: "stream-silent", recordingId, callUuid, side, silentMs },
      `the ${side}'s stream brings no RTP while the call is up: the recording is one-sided from ${since} on`,
    );
  }

  /** It brings RTP again, or was paused. */
  back(session: number, channel: number): void {
    this.#forget(keyOf(session, channel));
    const alarm = this.#now.get(keyOf(session, channel));
    if (alarm === undefined) return;
    this.#now.delete(keyOf(session, channel));
    this.#log.info({ recordingId: alarm.recordingId, side: alarm.side }, "the stream is no longer silent");
  }

  /** The session has ended. */
  over(session: number): void {
    for (const channel of [0, 1]) {
      this.#now.delete(keyOf(session, channel));
      this.#forget(keyOf(session, channel));
    }
  }

  #forget(key: string): void {
    this.#waiting.get(key)?.cancel?.();
    this.#waiting.delete(key);
  }
}

function keyOf(session: number, channel: number): string {
  return `${session} ${channel}`;
}
