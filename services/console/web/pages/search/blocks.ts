/** Hits that stand next to each other, and where the API begins to give them. */
export interface Block {
  /** Undefined: from the newest on. */
  readonly cursor: string | undefined;
  readonly size: number;
}

/** Where a position of the list is found. */
export interface Found {
  readonly block: Block;
  /** Number of the block. */
  readonly index: number;
  /** Position of its first hit. */
  readonly start: number;
}

/** The list as far as its hits have been counted: blocks with the positions at which they begin. */
export class Blocks {
  readonly #blocks: Block[] = [];
  readonly #starts: number[] = [];
  #total = 0;

  /** Hits of all blocks. */
  get total(): number {
    return this.#total;
  }

  get length(): number {
    return this.#blocks.length;
  }

  /** Puts them behind the others. */
  add(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.#blocks.push(block);
      this.#starts.push(this.#total);
      this.#total += block.size;
    }
  }

  /** A block was found to have another number of hits: of the last one only. */
  resizeLast(size: number): void {
    const last = this.#blocks.pop();
    if (last === undefined) return;
    this.#total += size - last.size;
    this.#blocks.push({ ...last, size });
  }

  /** Takes all out. */
  clear(): void {
    this.#blocks.length = 0;
    this.#starts.length = 0;
    this.#total = 0;
  }

  /** The block of a position, found in as many steps as the number of blocks has bits. */
  find(position: number): Found | undefined {
    if (position < 0 || position >= this.#total) return undefined;
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    const block = this.#blocks[low];
    return block === undefined ? undefined : { block, index: low, start: this.#starts[low] ?? 0 };
  }
}
