import type { Logger } from "@sidetone/foundation";
import { type Sdp, hidesKeys } from "@sidetone/sip";
import { readOffer, unfitReason } from "./answer.ts";
import type { SrtpPolicy } from "./line-crypto.ts";

/** Looks at an INVITE's offer before anything is opened for it. */
export class OfferGate {
  readonly #policy: SrtpPolicy;
  readonly #log: Logger;
  #keysSeen = false;

  constructor(policy: SrtpPolicy, log: Logger) {
    this.#policy = policy;
    this.#log = log;
  }

  /**
   * Why no stream of it can be taken (488); undefined where one can. Says once that keys come in the clear (RFC 4568 9).
   * @param transport that it came over
   */
  refusal(offer: Sdp | undefined, transport: string): string | undefined {
    if (offer === undefined) return undefined;
    const taken = readOffer(offer, this.#policy).filter((line) => line.taken);
    if (taken.length === 0) return unfitReason(offer, this.#policy);
    if (!this.#keysSeen && !hidesKeys(transport) && taken.some(({ crypto }) => crypto !== undefined)) {
      this.#keysSeen = true;
      this.#log.warn({ transport }, "SRTP keys came over a transport that is not TLS: whoever reads it can listen");
    }
    return undefined;
  }
}
