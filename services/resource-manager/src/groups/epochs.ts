import { Remembered } from "./remembered.ts";

interface Newest {
  readonly epoch: number;
  readonly callUuid: string | undefined;
}

/**
 * R30: the newest epoch that was met of each recording. A Media Server that was frozen or cut off, and comes back, asks for a
 * recorder as of old: at one that never had the recording it would begin a second one. Bounded like the affinity.
 */
export class Epochs {
  readonly #newest: Remembered<Newest>;

  constructor(limit?: number) {
    this.#newest = new Remembered(limit);
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
    const known = this.#newest.get(name, now);
    if (known !== undefined && known.callUuid === callUuid && epoch < known.epoch) return true;
    this.#newest.set(name, { epoch, callUuid }, now);
    return false;
  }
}
