interface Node<T> {
  readonly next: Map<string, Node<T>>;
  value: T | undefined;
}

/** Finds the longest prefix of a number, in steps of one character: as many prefixes as there are cost nothing. */
export class PrefixIndex<T> {
  readonly #root: Node<T> = { next: new Map(), value: undefined };

  /** Of two values with the same prefix the first one counts. */
  constructor(entries: Iterable<readonly [prefix: string, value: T]>) {
    for (const [prefix, value] of entries) {
      let node = this.#root;
      for (const character of prefix) {
        const next = node.next.get(character) ?? { next: new Map<string, Node<T>>(), value: undefined };
        node.next.set(character, next);
        node = next;
      }
      node.value ??= value;
    }
  }

  /** The value with the longest prefix that `number` begins with; undefined where none fits. */
  find(number: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    let found = node.value;
    for (const character of number) {
      node = node.next.get(character);
      if (node === undefined) break;
      found = node.value ?? found;
    }
    return found;
  }
}
