/** Work on the same objects, one after another in the order in which it came; on others at the same time. */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when everything that came before on any of these keys is done. */
  run<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const names = Array.from(new Set(keys));
    const before = names.map((name) => this.#tails.get(name)).filter((tail) => tail !== undefined);
    const turn = Promise.all(before).then(work);
    const tail = turn.then(
      () => undefined,
      () => undefined,
    );
    for (const name of names) this.#tails.set(name, tail);
    void tail.then(() => {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    return turn;
  }
}
