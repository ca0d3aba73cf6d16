import { Readable } from "node:stream";
import { type Cancel, type Clock, SidetoneError } from "@sidetone/foundation";
import { LISTENER_BUFFER_BYTES, LISTENING_TICK_MS, MAX_LISTENERS } from "../limits.ts";
import type { MediaThread } from "../media/media-thread.ts";
import type { ActiveRecording } from "../recording-session/active-recording.ts";
import { type HeardAudio, HeardLine } from "./heard-line.ts";

interface Heard {
  readonly line: HeardLine;
  readonly listeners: Set<Readable>;
}

/** Who listens to recordings while they are made. The media thread gives a recording's audio only while somebody does. */
export class LiveListening {
  readonly #clock: Clock;
  readonly #media: Pick<MediaThread, "send">;
  /** By the recording's handle. */
  readonly #heard = new Map<number, Heard>();
  #ticks: Cancel | undefined;

  constructor(o: { readonly clock: Clock; readonly media: Pick<MediaThread, "send"> }) {
    this.#clock = o.clock;
    this.#media = o.media;
  }

  /** People who listen now. */
  get listeners(): number {
    let sum = 0;
    for (const { listeners } of this.#heard.values()) sum += listeners.size;
    return sum;
  }

  /**
   * The audio of a recording from now on, as blocks of `HeardLine`; it ends with the recording. To be destroyed by who has had enough. Who reads too
   * slowly misses what does not fit into two seconds.
   * @throws SidetoneError `too-many-listeners` (503)
   */
  listen(recording: Pick<ActiveRecording, "handle" | "ended">): Readable {
    if (this.listeners >= MAX_LISTENERS)
      throw new SidetoneError(
        "too-many-listeners",
        `${MAX_LISTENERS} people listen to this recorder's calls already.`,
        {
          http: 503,
          remedy: "Try again when one of them has stopped.",
        },
      );
    const { handle } = recording;
    const known = this.#heard.get(handle);
    const heard = known ?? { line: new HeardLine(this.#clock.now()), listeners: new Set() };
    if (known === undefined) {
      this.#heard.set(handle, heard);
      this.#media.send({ do: "listen", handle, on: true });
      void recording.ended.then(() => this.#over(handle, heard));
    }
    const stream = new Readable({ read: () => undefined, highWaterMark: LISTENER_BUFFER_BYTES });
    heard.listeners.add(stream);
    stream.once("close", () => {
      heard.listeners.delete(stream);
      if (heard.listeners.size === 0 && this.#heard.get(handle) === heard) {
        this.#heard.delete(handle);
        this.#media.send({ do: "listen", handle, on: false });
      }
      this.#stopTicks();
    });
    this.#ticks ??= this.#clock.every(LISTENING_TICK_MS, () => this.#tick());
    return stream;
  }

  /** The media thread has audio of a recording. */
  heard(handle: number, audio: HeardAudio): void {
    const heard = this.#heard.get(handle);
    if (heard !== undefined) give(heard, heard.line.take(audio, this.#clock.now()));
  }

  /** Ends every stream. */
  close(): void {
    for (const [handle, heard] of Array.from(this.#heard)) this.#over(handle, heard);
    this.#stopTicks();
  }

  #over(handle: number, heard: Heard): void {
    if (this.#heard.get(handle) === heard) this.#heard.delete(handle);
    for (const stream of heard.listeners) stream.push(null);
  }

  #tick(): void {
    const now = this.#clock.now();
    for (const heard of this.#heard.values()) give(heard, heard.line.idle(now));
  }

  #stopTicks(): void {
    if (this.#heard.size > 0) return;
    this.#ticks?.();
    this.#ticks = undefined;
  }
}

function give({ listeners }: Heard, blocks: readonly Buffer[]): void {
  for (const stream of listeners)
    for (const block of blocks) if (stream.readableLength < LISTENER_BUFFER_BYTES) stream.push(block);
}
