import { MAX_HALVES } from "../limits.ts";
import type { CallHalf } from "./session-request.ts";

/** Recordings of calls that a client records in two sessions, by what both say of the call, for as long as they run. */
export class Halves {
  readonly #ids = new Map<string, string>();

  /** The recording's id for a session; a new one for the first of a call, and for sessions that have no other half. */
  idOf(half: CallHalf | undefined, newId: () => string): string {
    if (half === undefined) return newId();
    const known = this.#ids.get(half.key);
    if (known !== undefined) return known;
    const oldest = this.#ids.size >= MAX_HALVES ? this.#ids.keys().next().value : undefined;
    if (oldest !== undefined) this.#ids.delete(oldest);
    const id = newId();
    this.#ids.set(half.key, id);
    return id;
  }

  /** A recording has ended: the next call with its reference is another one. */
  ended(id: string): void {
    for (const [key, known] of this.#ids) if (known === id) this.#ids.delete(key);
  }
}
