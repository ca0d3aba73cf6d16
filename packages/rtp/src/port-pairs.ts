import { type Clock, SidetoneError } from "@sidetone/foundation";
import { PORT_REST_MS } from "./limits.ts";

/** How full a port range is. */
export interface PortPairStats {
  readonly total: number;
  readonly inUse: number;
  /** Released, and not to be used again yet. */
  readonly resting: number;
}

/**
 * Gives out pairs of ports, even for RTP and the odd one above for RTCP (RFC 3550 11). A released pair rests before it is given out
 * again, so that late packets of an old call do not reach a new one.
 */
export class PortPairs {
  readonly #clock: Clock;
  readonly #restMs: number;
  /** First-in first-out ring of even ports. */
  readonly #free: Int32Array;
  readonly #freeAt: Float64Array;
  readonly #used = new Set<number>();
  readonly #total: number;
  #head = 0;
  #count = 0;

  /** @param restMs how long a released pair rests; default `PORT_REST_MS`. */
  constructor(o: { readonly min: number; readonly max: number; readonly clock: Clock; readonly restMs?: number }) {
    this.#clock = o.clock;
    this.#restMs = o.restMs ?? PORT_REST_MS;
    const first = o.min + (o.min & 1);
    this.#total = Math.max(0, Math.floor((o.max - first + 1) / 2));
    this.#free = new Int32Array(Math.max(1, this.#total));
    this.#freeAt = new Float64Array(Math.max(1, this.#total));
    for (let i = 0; i < this.#total; i++) this.#free[i] = first + 2 * i;
    this.#freeAt.fill(Number.NEGATIVE_INFINITY);
    this.#count = this.#total;
  }

  /** The even port of a pair that has rested longest. Throws `SidetoneError` "rtp-ports-exhausted" (SIP 503). */
  take(): number {
    const port = this.#free[this.#head] ?? 0;
    if (this.#count === 0 || (this.#freeAt[this.#head] ?? 0) > this.#clock.now()) {
      throw new SidetoneError("rtp-ports-exhausted", `all ${this.#total} RTP port pairs are in use or resting`, {
        sip: 503,
        remedy: "Widen the range rtp.ports.",
      });
    }
    this.#head = (this.#head + 1) % this.#free.length;
    this.#count--;
    this.#used.add(port);
    return port;
  }

  /** Takes pairs until `open` succeeds; pairs that another process holds ("port-in-use") rest and the next one is tried. */
  takeWith<T>(open: (port: number) => T): T {
    let refused: unknown;
    for (let i = 0; i < this.#total; i++) {
      const port = this.take();
      try {
        return open(port);
      } catch (error) {
        this.release(port);
        if (!(error instanceof SidetoneError) || error.code !== "port-in-use") throw error;
        refused = error;
      }
    }
    throw refused ?? new SidetoneError("rtp-ports-exhausted", "the RTP port range is empty", { sip: 503 });
  }

  /** Gives a pair back by its even port. Giving back what is not in use does nothing. */
  release(port: number): void {
    if (!this.#used.delete(port)) return;
    const at = (this.#head + this.#count) % this.#free.length;
    this.#free[at] = port;
    this.#freeAt[at] = this.#clock.now() + this.#restMs;
    this.#count++;
  }

  stats(): PortPairStats {
    const now = this.#clock.now();
    let resting = 0;
    for (let i = 0; i < this.#count; i++) {
      if ((this.#freeAt[(this.#head + i) % this.#free.length] ?? 0) > now) resting++;
    }
    return { total: this.#total, inUse: this.#used.size, resting };
  }
}
