import { type CallUuid, type RandomBytes, randomHex } from "@sidetone/foundation";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

/** Gives CallUUIDs: 160 random bits as 32 characters of `0-9A-V`. */
export class CallUuidSource {
  readonly #random: RandomBytes;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  next(): CallUuid {
    const bytes = this.#random(20);
    let text = "";
    let bits = 0;
    let held = 0;
    for (const byte of bytes) {
      bits = (bits << 8) | byte;
      held += 8;
      while (held >= 5) {
        held -= 5;
        text += alphabet.charAt((bits >> held) & 31);
      }
      bits &= (1 << held) - 1;
    }
    return text as CallUuid;
  }
}

/** Gives conf-ids (R11): 16 random hex digits, a new one for every conference and every move of a call (R30). */
export class ConfIdSource {
  readonly #random: RandomBytes;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  next(): string {
    return randomHex(this.#random, 8);
  }
}
