import type { Spot } from "./source-line.ts";

/**
 * A bounded queue of packets with what is known of each. The oldest make room for new ones. Allocates nothing after construction.
 */
export class PacketRing {
  count = 0;
  /** Packets that were pushed out by new ones. */
  overflowed = 0;
  readonly data: Uint8Array;
  readonly #capacity: number;
  readonly #offset: Int32Array;
  readonly #length: Int32Array;
  readonly #at: Float64Array;
  readonly #tag: Int32Array;
  readonly #ip: Uint32Array;
  readonly #port: Uint16Array;
  #head = 0;
  #write = 0;

  /** @param sources packets whose source is kept: all, or 0 */
  constructor(octets: number, packets: number, sources = packets) {
    this.data = new Uint8Array(octets);
    this.#capacity = packets;
    this.#offset = new Int32Array(packets);
    this.#length = new Int32Array(packets);
    this.#at = new Float64Array(packets);
    this.#tag = new Int32Array(packets);
    this.#ip = new Uint32Array(sources);
    this.#port = new Uint16Array(sources);
  }

  /** @param at position or time, the caller's unit, in an object as a number would be one per call; @param tag anything, 32 bit. */
  push(from: Uint8Array, offset: number, length: number, at: Spot, tag: number, ip = 0, port = 0): void {
    if (length > this.data.length) return;
    if (this.count === this.#capacity) this.#pushOut();
    if (this.#write + length > this.data.length) {
      while (this.count > 0 && this.offset(0) >= this.#write) this.#pushOut();
      this.#write = 0;
    }
    const start = this.#write;
    while (this.count > 0 && this.offset(0) < start + length && this.offset(0) + this.length(0) > start)
      this.#pushOut();
    for (let i = 0; i < length; i++) this.data[start + i] = from[offset + i] ?? 0;
    const slot = (this.#head + this.count) % this.#capacity;
    this.#offset[slot] = start;
    this.#length[slot] = length;
    this.#at[slot] = at.position;
    this.#tag[slot] = tag;
    this.#ip[slot] = ip;
    this.#port[slot] = port;
    this.#write = start + length;
    this.count++;
  }

  /** Where packet `index` (0 = oldest) lies in `data`. */
  offset(index: number): number {
    return this.#offset[(this.#head + index) % this.#capacity] ?? 0;
  }

  length(index: number): number {
    return this.#length[(this.#head + index) % this.#capacity] ?? 0;
  }

  at(index: number): number {
    return this.#at[(this.#head + index) % this.#capacity] ?? 0;
  }

  tag(index: number): number {
    return this.#tag[(this.#head + index) % this.#capacity] ?? 0;
  }

  ip(index: number): number {
    return this.#ip[(this.#head + index) % this.#capacity] ?? 0;
  }

  port(index: number): number {
    return this.#port[(this.#head + index) % this.#capacity] ?? 0;
  }

  /** Takes the oldest packet away. */
  shift(): void {
    if (this.count === 0) return;
    this.#head = (this.#head + 1) % this.#capacity;
    this.count--;
  }

  /** Takes away what is older than `at`; these count as overflowed. */
  dropBefore(at: number): void {
    while (this.count > 0 && this.at(0) < at) this.#pushOut();
  }

  clear(): void {
    this.count = 0;
    this.#head = 0;
    this.#write = 0;
  }

  #pushOut(): void {
    this.shift();
    this.overflowed++;
  }
}
