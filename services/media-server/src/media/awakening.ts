/** R30: after a stall as long as this, ms, the calls are taken elsewhere. */
const STALL_MS = 2000;
/** How long nothing is passed on then, ms: what SIP Server has to say meanwhile, BYE above all, is read in it. */
const DEAF_MS = 500;

/**
 * R30: a server that was frozen and wakes up does no harm. Its sockets are full of what phones said before their calls
 * were taken to another server; passed on, they would hear it twice, in the midst of what they hear from there.
 */
export class Awakening {
  #aliveMs: number;
  #deafUntilMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#aliveMs = nowMs;
  }

  /** Whether what arrives is to be left unheard. To be asked at least every few hundred milliseconds, packets or not. */
  isDeaf(nowMs: number): boolean {
    if (nowMs - this.#aliveMs >= STALL_MS) this.#deafUntilMs = nowMs + DEAF_MS;
    this.#aliveMs = nowMs;
    return nowMs < this.#deafUntilMs;
  }
}
