import { PacketRing } from "./packet-ring.ts";
import type { Spot } from "./source-line.ts";

/**
 * What a replica has captured last, whether it was sent or still waits: whoever takes over from a lost recorder is sent again
 * what that one may not have kept (R31). Bounded by time, octets and packets; the oldest make room. Allocates nothing after
 * construction.
 */
export class TapBuffer {
  /** Packets that wait to be sent: the newest ones. */
  waiting = 0;
  /** Packets that were pushed out before anybody took them. */
  lost = 0;
  readonly #ring: PacketRing;
  readonly #span: number;

  /** @param span how far back it reaches; in the unit of the positions */
  constructor(octets: number, packets: number, span: number) {
    this.#ring = new PacketRing(octets, packets, 0);
    this.#span = span;
  }

  get data(): Uint8Array {
    return this.#ring.data;
  }

  /** Of the packet that is to be sent next: where it lies in `data`. */
  get offset(): number {
    return this.#ring.offset(this.#next);
  }

  get length(): number {
    return this.#ring.length(this.#next);
  }

  get position(): number {
    return this.#ring.at(this.#next);
  }

  get tag(): number {
    return this.#ring.tag(this.#next);
  }

  /** Keeps a packet. @param sent it has been sent already; only where none waits */
  push(data: Uint8Array, offset: number, length: number, at: Spot, tag: number, sent: boolean): void {
    const ring = this.#ring;
    ring.dropBefore(at.position - this.#span);
    ring.push(data, offset, length, at, tag);
    const waiting = this.waiting + (sent ? 0 : 1);
    this.waiting = Math.min(waiting, ring.count);
    this.lost += waiting - this.waiting;
  }

  /** The next one was sent. */
  took(): void {
    this.waiting--;
  }

  /** What was captured from `position` on waits again. */
  rewind(position: number): void {
    const ring = this.#ring;
    // From the oldest on: packets of a key all have the place where it was pressed.
    let first = 0;
    while (first < this.#next && ring.at(first) < position) first++;
    this.waiting = ring.count - first;
  }

  get #next(): number {
    return this.#ring.count - this.waiting;
  }
}
