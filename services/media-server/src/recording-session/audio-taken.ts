import type { Cancel, Clock } from "@sidetone/foundation";
import { UNTAKEN_MS } from "../limits.ts";

/** What a watch tells; labels of streams. */
export interface AudioTakenEvents {
  /** For `UNTAKEN_MS` these were offered and not taken. */
  untaken(labels: readonly string[]): void;
  /** All that was told as untaken is taken now. */
  taken(labels: readonly string[]): void;
}

/** Watches whether a recorder takes every stream that it is offered: one that answers `inactive`, or refuses a side, looks well otherwise. */
export class AudioTaken {
  readonly #clock: Clock;
  readonly #events: AudioTakenEvents;
  #waiting: readonly string[] = [];
  #told: readonly string[] = [];
  #cancel: Cancel | undefined;

  constructor(clock: Clock, events: AudioTakenEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** @param untaken labels of streams with audio that the newest answer does not take */
  see(untaken: readonly string[]): void {
    this.#waiting = untaken;
    if (untaken.length > 0) {
      if (this.#told.length === 0) this.#cancel ??= this.#clock.after(UNTAKEN_MS, () => this.#due());
      return;
    }
    const told = this.#told;
    this.forget();
    if (told.length > 0) this.#events.taken(told);
  }

  /** The session is over or begins anew elsewhere. */
  forget(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = [];
    this.#told = [];
  }

  #due(): void {
    this.#cancel = undefined;
    this.#told = this.#waiting;
    this.#events.untaken(this.#told);
  }
}
