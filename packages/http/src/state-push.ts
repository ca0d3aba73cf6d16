import { type Cancel, changeBetween, type Clock, type LiveState } from "@sidetone/foundation";
import type { FastifyReply } from "fastify";
import { heartbeatMs, maxShareOfThread, pushIntervalMs } from "./limits.ts";

interface Watcher<V> {
  readonly viewer: V;
  readonly reply: FastifyReply;
  readonly openedAt: number;
  /** What this client was told last; `{}` before the first time. */
  told: LiveState;
  id: number;
  /** What was sent is not read yet. */
  behind: boolean;
  spokenAt: number;
}

/**
 * Server-Sent Events of a state that changes (HTML Living Standard 9.2): `snapshot` first, then `change`. Each client is told the difference to what
 * it was told last, so one that reads slowly is told less often and never costs more memory than one message. Nothing runs while nobody watches.
 */
export class StatePush<V> {
  readonly #clock: Clock;
  readonly #stateFor: (viewer: V) => LiveState;
  readonly #onWatched: (watched: boolean) => void;
  readonly #maxAgeMs: number;
  readonly #watchers = new Set<Watcher<V>>();
  #cancel: Cancel | undefined;
  #restUntil = 0;

  /**
   * @param o.stateFor what a viewer sees now: values that have not changed are the same objects
   * @param o.onWatched the first client has come, or the last one has gone
   * @param o.maxAgeMs a stream ends after this, so that its client comes again and is asked again who it is
   */
  constructor(o: {
    readonly clock: Clock;
    readonly stateFor: (viewer: V) => LiveState;
    readonly onWatched?: (watched: boolean) => void;
    readonly maxAgeMs?: number;
  }) {
    this.#clock = o.clock;
    this.#stateFor = o.stateFor;
    this.#onWatched = o.onWatched ?? (() => undefined);
    this.#maxAgeMs = o.maxAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Clients that watch. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Answers a request with the stream. A client that comes again begins with a snapshot, whatever it knew. */
  serve(reply: FastifyReply, viewer: V): FastifyReply {
    const { raw } = reply;
    const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : String(value)] as const],
    );
    reply.hijack();
    raw.writeHead(200, {
      ...Object.fromEntries(headers),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    raw.socket?.setTimeout(0);
    raw.socket?.setNoDelay(true);
    const openedAt = this.#clock.now();
    const watcher: Watcher<V> = { viewer, reply, openedAt, told: {}, id: 0, behind: false, spokenAt: openedAt };
    raw.on("error", () => undefined); // `close` follows
    raw.on("drain", () => {
      watcher.behind = false;
    });
    raw.once("close", () => this.#drop(watcher));
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) {
      this.#onWatched(true);
      this.#cancel = this.#clock.every(pushIntervalMs, () => this.#tell());
    }
    this.#tellOne(watcher, this.#clock.now());
    return reply;
  }

  /** Ends every stream. Idempotent. */
  close(): void {
    for (const watcher of Array.from(this.#watchers)) watcher.reply.raw.end();
  }

  #drop(watcher: Watcher<V>): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.#cancel?.();
    this.#onWatched(false);
  }

  #tell(): void {
    const now = this.#clock.now();
    if (now < this.#restUntil) return;
    for (const watcher of this.#watchers) this.#tellOne(watcher, now);
    // However much there is to tell, the thread has other things to do.
    this.#restUntil = now + (this.#clock.now() - now) / maxShareOfThread;
  }

  #tellOne(watcher: Watcher<V>, now: number): void {
    if (now - watcher.openedAt >= this.#maxAgeMs) return void watcher.reply.raw.end();
    if (watcher.behind) return;
    const state = this.#stateFor(watcher.viewer);
    const change = changeBetween(watcher.told, state);
    const first = watcher.id === 0;
    if (change === undefined && !first) {
      // Says to both sides that the other is there.
      if (now - watcher.spokenAt >= heartbeatMs) this.#write(watcher, ": here\n\n", now);
      return;
    }
    watcher.told = state;
    watcher.id += 1;
    const event = first ? "snapshot" : "change";
    this.#write(watcher, `id: ${watcher.id}\nevent: ${event}\ndata: ${JSON.stringify(change ?? {})}\n\n`, now);
  }

  #write(watcher: Watcher<V>, text: string, now: number): void {
    watcher.spokenAt = now;
    watcher.behind = !watcher.reply.raw.write(text);
  }
}
