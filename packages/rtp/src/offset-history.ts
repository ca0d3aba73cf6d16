/** Changes that are remembered: a slew changes it with each packet, and packets are 500 ms late at most. */
const CHANGES = 64;

/** Which offset packets had by their extended sequence numbers, so that one that comes late goes where its neighbours went. */
export class OffsetHistory {
  readonly #from = new Float64Array(CHANGES);
  readonly #offset = new Float64Array(CHANGES);
  #count = 0;

  /** From this packet on. Numbers rise. */
  since(sequence: number, offset: number): void {
    const { last } = this;
    if (last === offset) return;
    if (this.#count === CHANGES) {
      this.#from.copyWithin(0, 1);
      this.#offset.copyWithin(0, 1);
      this.#count--;
    }
    this.#from[this.#count] = sequence;
    this.#offset[this.#count] = offset;
    this.#count++;
  }

  /** The offset that a packet had or would have had; undefined where nothing is known. */
  at(sequence: number): number | undefined {
    for (let i = this.#count - 1; i >= 0; i--) if ((this.#from[i] ?? 0) <= sequence) return this.#offset[i];
    return this.#count === 0 ? undefined : this.#offset[0];
  }

  /** After a restart of the numbering. */
  forget(): void {
    this.#count = 0;
  }

  get last(): number | undefined {
    return this.#count === 0 ? undefined : this.#offset[this.#count - 1];
  }
}
