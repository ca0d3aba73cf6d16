import { systemRandom } from "@sidetone/foundation";
import type { RandomBytes } from "@sidetone/foundation";

/**
 * Where a dialog stands in offer and answer (RFC 3264, RFC 6337 2).
 *
 *             localOffer                remoteOffer
 *   stable ---------------> local-offer    stable ---------------> remote-offer
 *     ^                       |              ^                        |
 *     +--- remoteAnswer ------+              +------ localAnswer -----+
 *     +--- rejected ----------+              +------ rejected --------+
 */
export type OfferAnswerState = "stable" | "local-offer" | "remote-offer";

/** `ok`, or what to do about an offer or answer that does not fit. */
export type OfferAnswerVerdict =
  | { readonly ok: true }
  /** Both offered at once: 491 (RFC 3261 14.2). */
  | { readonly ok: false; readonly status: 491 }
  /** A second offer before the answer to the first: 500 with Retry-After in seconds (RFC 3261 14.2). */
  | { readonly ok: false; readonly status: 500; readonly retryAfterS: number }
  /** Ours came at the wrong time: wait until the state is stable. */
  | { readonly ok: false; readonly status: undefined; readonly reason: string };

const FINE: OfferAnswerVerdict = { ok: true };

/** The offer/answer state of one dialog. Holds no descriptions, sends nothing. */
export class OfferAnswer {
  #state: OfferAnswerState = "stable";
  readonly #random: RandomBytes;

  constructor(o: { random?: RandomBytes } = {}) {
    this.#random = o.random ?? systemRandom;
  }

  get state(): OfferAnswerState {
    return this.#state;
  }

  /** We are about to send an offer. */
  localOffer(): OfferAnswerVerdict {
    if (this.#state !== "stable") return { ok: false, status: undefined, reason: `an offer is open (${this.#state})` };
    this.#state = "local-offer";
    return FINE;
  }

  /** An offer came. */
  remoteOffer(): OfferAnswerVerdict {
    if (this.#state === "local-offer") return { ok: false, status: 491 };
    if (this.#state === "remote-offer") {
      const retryAfterS = (this.#random(1)[0] ?? 0) % 11; // RFC 3261 14.2: 0 to 10 s
      return { ok: false, status: 500, retryAfterS };
    }
    this.#state = "remote-offer";
    return FINE;
  }

  /** We are about to send an answer. */
  localAnswer(): OfferAnswerVerdict {
    return this.#answer("remote-offer");
  }

  /** An answer came. One that answers nothing is to be ignored (RFC 6337 2.2: repeated in a later provisional or the 2xx). */
  remoteAnswer(): OfferAnswerVerdict {
    return this.#answer("local-offer");
  }

  /** The open offer, whoever made it, was refused or its transaction failed: the session stays as it was (RFC 6141 3). */
  rejected(): void {
    this.#state = "stable";
  }

  #answer(to: OfferAnswerState): OfferAnswerVerdict {
    if (this.#state !== to) return { ok: false, status: undefined, reason: `no such offer is open (${this.#state})` };
    this.#state = "stable";
    return FINE;
  }
}
