/** Work for one thread, one piece at a time: pages that people wait for go before counts that only make the list longer. */
export class PagesFirst {
  readonly #pages: (() => Promise<void>)[] = [];
  readonly #counts: (() => Promise<void>)[] = [];
  #busy = false;

  /** Does it before every count that waits. */
  page<T>(work: () => Promise<T>): Promise<T> {
    return this.#in(this.#pages, work);
  }

  /** Does it when no page waits. */
  count<T>(work: () => Promise<T>): Promise<T> {
    return this.#in(this.#counts, work);
  }

  #in<T>(queue: (() => Promise<void>)[], work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      queue.push(() => work().then(resolve, reject));
      this.#next();
    });
  }

  #next(): void {
    if (this.#busy) return;
    const work = this.#pages.shift() ?? this.#counts.shift();
    if (work === undefined) return;
    this.#busy = true;
    void work().finally(() => {
      this.#busy = false;
      this.#next();
    });
  }
}
