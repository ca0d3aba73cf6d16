import { bindingLifetimeMs, maxBindings } from "../limits.ts";

interface Newest {
  readonly epoch: number;
  readonly callUuid: string | undefined;
  readonly usedAt: number;
}

/**
 * R30: the newest epoch that was met of each recording. A Media Server that was frozen or cut off, and comes back, asks for a
 * recorder as of old: at one that never had the recording it would begin a second one. Bounded like the affinity.
 */
export class Epochs {
  /** In the order of last use. */
  readonly #newest = new Map<string, Newest>();
  readonly #limit: number;

  constructor(limit = maxBindings) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#newest.size;
  }

  /**
   * Notes an epoch, and says whether it is older than one that was met.
   *
   * @param name of one copy of the recording
   * @param callUuid another call under the same id is another recording (R8)
   */
  isOld(name: string, epoch: number, callUuid: string | undefined, now: number): boolean {
    this.#forgetOld(now);
    const known = this.#newest.get(name);
    if (known?.callUuid === callUuid && known !== undefined && epoch < known.epoch) return true;
    this.#newest.delete(name);
    this.#newest.set(name, { epoch, callUuid, usedAt: now });
    for (const oldest of this.#newest.keys()) {
      if (this.#newest.size <= this.#limit) break;
      this.#newest.delete(oldest);
    }
    return false;
  }

  #forgetOld(now: number): void {
    for (const [name, { usedAt }] of this.#newest) {
      if (now - usedAt < bindingLifetimeMs) return;
      this.#newest.delete(name);
    }
  }
}
