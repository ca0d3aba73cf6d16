/** Samples that must wait before what is heard begins, or begins again: audio comes in steps of 100 ms. */
const startSamples = 8000 * 0.25;
/** More than this, and what is heard is too old: it is brought back to `startSamples`. */
const mostSamples = 8000 * 0.8;

/** What waits to be heard, of both sides; pure. It evens out the network: a little is kept waiting, and never much. */
export class JitterRing {
  readonly #sides = [new Float32Array(8000 * 4), new Float32Array(8000 * 4)] as const;
  readonly #size = 8000 * 4;
  #from = 0;
  #length = 0;
  #playing = false;
  /** Samples that were left out, to catch up. */
  skipped = 0;

  /** Samples that wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds audio; the oldest makes room. */
  put(customer: Float32Array, agent: Float32Array): void {
    for (let i = 0; i < customer.length; i += 1) {
      const to = (this.#from + this.#length) % this.#size;
      this.#sides[0][to] = customer[i] ?? 0;
      this.#sides[1][to] = agent[i] ?? 0;
      if (this.#length < this.#size) this.#length += 1;
      else this.#from = (this.#from + 1) % this.#size;
    }
    if (this.#length <= mostSamples) return;
    const late = this.#length - startSamples;
    this.#skip(late);
    this.skipped += late;
  }

  /** Fills both with what is next; with silence where there is nothing. */
  get(customer: Float32Array, agent: Float32Array): void {
    if (!this.#playing && this.#length >= startSamples) this.#playing = true;
    const there = this.#playing ? Math.min(this.#length, customer.length) : 0;
    for (let i = 0; i < there; i += 1) {
      const from = (this.#from + i) % this.#size;
      customer[i] = this.#sides[0][from] ?? 0;
      agent[i] = this.#sides[1][from] ?? 0;
    }
    customer.fill(0, there);
    agent.fill(0, there);
    this.#skip(there);
    if (there < customer.length) this.#playing = false;
  }

  #skip(samples: number): void {
    this.#from = (this.#from + samples) % this.#size;
    this.#length -= samples;
  }
}
