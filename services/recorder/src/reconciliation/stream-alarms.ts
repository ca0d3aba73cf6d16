import { type Clock, type Logger, rfc3339 } from "@sidetone/foundation";
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

/** R34: streams of recordings that run and bring nothing, told while something can still be done about it. */
export class StreamAlarms {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #now = new Map<string, StreamAlarm>();
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

  /** A stream has brought no RTP for `silentMs`, though it is not paused. @param o `session`, `channel`: as the media thread names them */
  silent(o: {
    readonly session: number;
    readonly channel: number;
    readonly recordingId: string;
    readonly callUuid: string | undefined;
    readonly silentMs: number;
  }): void {
    const { session, channel, recordingId, callUuid, silentMs } = o;
    const key = keyOf(session, channel);
    if (this.#now.has(key)) return;
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
    const alarm = this.#now.get(keyOf(session, channel));
    if (alarm === undefined) return;
    this.#now.delete(keyOf(session, channel));
    this.#log.info({ recordingId: alarm.recordingId, side: alarm.side }, "the stream is no longer silent");
  }

  /** The session has ended. */
  over(session: number): void {
    for (const channel of [0, 1]) this.#now.delete(keyOf(session, channel));
  }
}

function keyOf(session: number, channel: number): string {
  return `${session} ${channel}`;
}
