/** Packets behind the newest that are still taken, once each (RFC 3711 3.3.2 asks for 64 at least). */
export const REPLAY_WINDOW = 512;

/** Which packet indices have been received (RFC 3711 3.3.2). */
export class ReplayWindow {
  /** The newest; -1 before the first. */
  highest = -1;
  readonly #bits = new Int32Array(REPLAY_WINDOW / 32);

  /** False for one that was received already, or is too old to say. */
  isNew(index: number): boolean {
    if (index > this.highest) return true;
    if (index <= this.highest - REPLAY_WINDOW) return false;
    const bit = index % REPLAY_WINDOW;
    return ((this.#bits[bit >> 5] ?? 0) & (1 << (bit & 31))) === 0;
  }

  /** Remembers one that has passed authentication. */
  take(index: number): void {
    if (index - this.highest >= REPLAY_WINDOW) this.#bits.fill(0);
    else for (let i = this.highest + 1; i < index; i++) this.#set(i, false);
    if (index > this.highest) this.highest = index;
    this.#set(index, true);
  }

  #set(index: number, received: boolean): void {
    const bit = index % REPLAY_WINDOW;
    const mask = 1 << (bit & 31);
    const word = this.#bits[bit >> 5] ?? 0;
    this.#bits[bit >> 5] = received ? word | mask : word & ~mask;
  }
}
