import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import type { AudioCodec, MediaEngine, OpenedTap } from "../media/index.ts";
import type { MediaFlow, RecordingFacts, StreamSource } from "./facts.ts";
import type { AnsweredStream, OfferedStream } from "./sdp.ts";

/** A party's leg as a recorder needs it. */
export interface TappedLeg {
  /** The engine's number. */
  readonly leg: number;
  readonly codec: AudioCodec;
  /** What its phone does with media; absent: both. */
  readonly flow?: MediaFlow | undefined;
  /** X-Genesys-geo-location of its INVITE. */
  readonly geoLocation?: string | undefined;
}

/** The site that the legs of a recording were placed by (R11); undefined where none is named. */
export function geoLocationOf(
  { parties }: Pick<RecordingFacts, "parties">,
  legOf: (conn: string) => TappedLeg | undefined,
): string | undefined {
  return parties.map(({ conn }) => legOf(conn)?.geoLocation).find((location) => location !== undefined);
}

function isGone(error: unknown): boolean {
  return error instanceof SidetoneError && (error.code === "unknown-tap" || error.code === "unknown-leg");
}

interface Tap extends OpenedTap {
  /** Who is heard in it. */
  readonly conns: readonly string[];
  /** Whose prompts may be. */
  readonly others: readonly number[];
  readonly codec: AudioCodec;
}

/** How new taps begin. */
export interface Opening {
  readonly backfillMs: () => number;
  readonly paused: boolean;
  readonly unbegun: boolean;
}

/** By label. */
type Sources = ReadonlyMap<string, StreamSource>;

interface Wanted {
  readonly label: string;
  readonly conns: readonly string[];
  /** The engine's numbers. */
  readonly legs: readonly number[];
  /** Those of the other labels, whose prompts may be recorded here (R28). */
  readonly others: readonly number[];
  readonly codec: AudioCodec;
}

/** The replicas that one recording session sends: one per label, the same for as long as the session lasts. Each session has its own, so each fails on its own (R10). */
export class SessionTaps {
  readonly #engine: MediaEngine;
  readonly #log: Logger;
  readonly #taps = new Map<string, Tap>();
  #following: Promise<unknown> = Promise.resolve();

  constructor(engine: MediaEngine, log: Logger) {
    this.#engine = engine;
    this.#log = log;
  }

  /** The streams to offer, in the order of their labels' first opening; one without a party is not `live`. */
  streams(sources: Sources): OfferedStream[] {
    return Array.from(this.#taps, ([label, { localPort: port, localRtcpPort: rtcpPort, codec }]) => {
      return { label, port, rtcpPort, codec, live: sources.has(label) };
    });
  }

  /** The stream that one of the engine's taps is sent in; undefined for another session's. */
  labelOf(tap: number): string | undefined {
    for (const [label, own] of this.#taps) if (own.tap === tap) return label;
    return undefined;
  }

  get address(): string {
    return this.#taps.values().next().value?.address ?? "127.0.0.1";
  }

  /**
   * Makes the taps follow `sources`: a new label gets a tap, a known one other participants. Rejects where a tap cannot be
   * opened.
   */
  follow(sources: () => Sources, legOf: (conn: string) => TappedLeg | undefined, how: Opening): Promise<void> {
    // One after another: a label gets one tap.
    const followed = this.#following.then(() => this.#follow(sources(), legOf, how));
    this.#following = followed.catch(() => undefined);
    return followed;
  }

  async #follow(sources: Sources, legOf: (conn: string) => TappedLeg | undefined, how: Opening): Promise<void> {
    const labels = Array.from(new Set([...sources.keys(), ...this.#taps.keys()])).toSorted();
    const wanted = labels.map((label): Wanted => {
      const source = sources.get(label);
      const conns = (source?.conns ?? []).filter((conn) => legOf(conn) !== undefined);
      const legs = conns.map(legOf).filter((leg) => leg !== undefined);
      const others = (source?.prompted ?? []).map(legOf).filter((leg) => leg !== undefined);
      return {
        label,
        conns,
        legs: legs.map(({ leg }) => leg),
        // A stream without participants is not offered: nobody would take it.
        others: conns.length === 0 ? [] : others.map(({ leg }) => leg),
        codec: legs[0]?.codec ?? "PCMU",
      };
    });
    // Together: none waits for the others while its party speaks.
    const done = await Promise.allSettled(
      wanted.map((one) => (this.#taps.has(one.label) ? this.#move(one) : this.#open(one, how))),
    );
    const failed = done.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #open({ label, conns, legs, others, codec }: Wanted, how: Opening): Promise<void> {
    if (legs.length === 0) return;
    const opened = await this.#engine.openTap({
      legs,
      others,
      codec: undefined,
      payloadType: codec === "PCMA" ? 8 : 0,
      backfillSinceMs: how.backfillMs(),
      paused: how.paused,
      ...(how.paused && how.unbegun ? { unbegun: true } : {}),
    });
    this.#taps.set(label, { ...opened, conns, others, codec });
  }

  /** Setting an existing key keeps its place: the m-line order never changes. */
  async #move({ label, conns, legs, others }: Wanted): Promise<void> {
    const tap = this.#taps.get(label);
    if (tap === undefined || (conns.join() === tap.conns.join() && others.join() === tap.others.join())) return;
    this.#taps.set(label, { ...tap, conns, others });
    await this.#quietly("sources", this.#engine.setTapSources(tap.tap, legs, others));
  }

  /** Resolves when nothing is captured any more; rejects where that is not sure. */
  async pause(): Promise<void> {
    await this.#surely((tap) => this.#engine.pauseTap(tap.tap));
  }

  /** Resolves when everything is captured; rejects where it is not. `backfillMs`: for taps that have not begun yet. */
  async resume(backfillMs: () => number): Promise<void> {
    await this.#surely((tap) => this.#engine.resumeTap(tap.tap, backfillMs()));
  }

  /** Sends where the recorder said; a stream it does not take now is buffered. */
  async send(answered: readonly AnsweredStream[]): Promise<void> {
    for (const { label, destination } of answered) {
      const tap = this.#taps.get(label);
      if (tap !== undefined) await this.#quietly("send", this.#engine.setTapDestination(tap.tap, destination));
    }
  }

  /** Buffers, from `rewindMs` before now on: what was sent last is sent again. */
  async hold(rewindMs: number): Promise<void> {
    await this.#each("hold", (tap) => this.#engine.setTapDestination(tap.tap, undefined, rewindMs));
  }

  /** Packets that no recorder was sent yet. */
  async waiting(): Promise<number> {
    return this.#engine.waiting(Array.from(this.#taps.values(), ({ tap }) => tap)).catch(() => 0);
  }

  async close(): Promise<void> {
    await this.#each("close", (tap) => this.#engine.closeTap(tap.tap));
    this.#taps.clear();
  }

  /** A tap that went with its leg neither captures nor needs to. */
  async #surely(run: (tap: Tap) => Promise<unknown>): Promise<void> {
    const outcomes = await Promise.allSettled(Array.from(this.#taps.values(), run));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected" && !isGone(outcome.reason)) throw outcome.reason;
    }
  }

  async #each(what: string, run: (tap: Tap) => Promise<unknown>): Promise<void> {
    await Promise.all(Array.from(this.#taps.values(), (tap) => this.#quietly(what, run(tap))));
  }

  /** A tap goes with its leg, at any moment: what is left to do with it does not matter then. */
  async #quietly(what: string, done: Promise<unknown>): Promise<void> {
    try {
      await done;
    } catch (error) {
      const gone = isGone(error) || (error instanceof SidetoneError && error.code === "media-engine-closed");
      this.#log[gone ? "debug" : "warn"]({ command: what, error: errorText(error) }, "a tap did not take a command");
    }
  }
}
