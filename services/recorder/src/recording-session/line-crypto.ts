import type { RandomBytes } from "@sidetone/foundation";
import { SRTP_SUITES, type SrtpParameters, srtpSuite } from "@sidetone/rtp";
import {
  type SdpAttribute,
  type SdpCrypto,
  type SdpMedia,
  acceptsParameters,
  answeredParameters,
  cryptoAttribute,
  cryptosOf,
  isPlainRtp,
  isSecureRtp,
} from "@sidetone/sip";

/** Whether streams may, or must, be protected: `recorder.srtp`. */
export type SrtpPolicy = "off" | "optional" | "required";

/** How one m-line is to be protected. */
export interface LineSecurity {
  /** False: the policy does not allow it, or no suite in it is known. */
  readonly fits: boolean;
  /** The line that was chosen; absent: plain RTP. */
  readonly crypto: SdpCrypto | undefined;
}

/**
 * RFC 4568 5.1.2: the first line that we can do, in the client's order. RTP/SAVP needs one; in RTP/AVP, where many write it as a wish (RFC 8643),
 * it is taken where there is one.
 */
export function lineSecurity(media: SdpMedia, policy: SrtpPolicy): LineSecurity {
  const secure = isSecureRtp(media);
  if (!secure && !isPlainRtp(media)) return { fits: false, crypto: undefined };
  const crypto = policy === "off" ? undefined : cryptosOf(media).find(isServed);
  const fits = crypto !== undefined || (!secure && policy !== "required");
  return { fits, crypto };
}

function isServed(crypto: SdpCrypto): boolean {
  const suite = srtpSuite(crypto.suite);
  const size = suite === undefined ? 0 : suite.keyLength + suite.saltLength;
  return (
    suite !== undefined && acceptsParameters(crypto) && crypto.keys.every(({ keySalt }) => keySalt.length === size)
  );
}

/** What the media thread opens packets with. */
export function srtpOf(crypto: SdpCrypto | undefined): SrtpParameters | undefined {
  const suite = crypto === undefined ? undefined : srtpSuite(crypto.suite);
  if (crypto === undefined || suite === undefined) return undefined;
  return { suite: suite.name, keys: crypto.keys.map(({ keySalt, mki }) => ({ keySalt, mki })) };
}

/** The keys that we answer with, the same for a stream as long as its suite is (RFC 4568 7.1.4). We send nothing that needs them, but they are owed. */
export class AnswerKeys {
  readonly #random: RandomBytes;
  readonly #keys = new Map<number, { readonly suite: string; readonly keySalt: Uint8Array }>();

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** The attribute of an answer's m-line (RFC 4568 5.1.2: tag and suite of the line that was chosen). */
  attributes(index: number, crypto: SdpCrypto | undefined): SdpAttribute[] {
    if (crypto === undefined) return [];
    const keySalt = this.#keyOf(index, crypto.suite);
    const { tag, suite } = crypto;
    const keys = [{ keySalt, mki: new Uint8Array(0) }];
    return [cryptoAttribute({ tag, suite, keys, sessionParameters: answeredParameters(crypto) })];
  }

  /** The attributes of an offer of ours. */
  offered(): SdpAttribute[] {
    return SRTP_SUITES.filter(({ cipher }) => cipher === "counter-mode").map(({ name }, i) =>
      cryptoAttribute({
        tag: i + 1,
        suite: name,
        keys: [{ keySalt: this.#newKey(name), mki: new Uint8Array(0) }],
        sessionParameters: [],
      }),
    );
  }

  #keyOf(index: number, suite: string): Uint8Array {
    const known = this.#keys.get(index);
    if (known?.suite === suite) return known.keySalt;
    const keySalt = this.#newKey(suite);
    this.#keys.set(index, { suite, keySalt });
    return keySalt;
  }

  #newKey(name: string): Uint8Array {
    const suite = srtpSuite(name);
    return this.#random((suite?.keyLength ?? 0) + (suite?.saltLength ?? 0));
  }
}
