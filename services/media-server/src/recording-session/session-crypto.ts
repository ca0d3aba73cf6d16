import type { RecorderProfile } from "@sidetone/config";
import type { RandomBytes } from "@sidetone/foundation";
import { type SrtpParameters, type SrtpSuiteName, srtpSuite } from "@sidetone/rtp";
import type { SdpCrypto } from "@sidetone/sip";

/** What is offered, in order of preference: what every recorder with SRTP knows comes first. */
const OFFERED: readonly SrtpSuiteName[] = [
  "AES_CM_128_HMAC_SHA1_80",
  "AES_CM_128_HMAC_SHA1_32",
  "AES_256_CM_HMAC_SHA1_80",
  "AEAD_AES_128_GCM",
  "AEAD_AES_256_GCM",
];

const NO_MKI = new Uint8Array(0);

/**
 * SRTP keys by SDES of one recording session (RFC 4568; RFC 7866 12.2: keys of its own, never those of the call). Each INVITE has new ones, as
 * another recorder must not be sent what the first one was; within a dialog they stay, so that a stream goes on over a re-INVITE.
 */
export class SessionCrypto {
  readonly #mode: RecorderProfile["srtp"];
  readonly #random: RandomBytes;
  readonly #lines = new Map<string, readonly SdpCrypto[]>();
  #plain: boolean;

  /** @param mode of the recorder profile; `optional`: RTP/SAVP is offered, and RTP/AVP to a recorder that refuses it */
  constructor(mode: RecorderProfile["srtp"], random: RandomBytes) {
    this.#mode = mode;
    this.#random = random;
    this.#plain = mode === "off";
  }

  /** Before an INVITE. @param another it goes to another recorder, of which nothing is known */
  renew(another: boolean): void {
    this.#lines.clear();
    if (another) this.#plain = this.#mode === "off";
  }

  /** The streams with what they are offered with. */
  protect<T extends { readonly label: string }>(
    streams: readonly T[],
  ): (T & { readonly crypto: readonly SdpCrypto[] })[] {
    return streams.map((stream) => ({ ...stream, crypto: this.#offered(stream.label) }));
  }

  /** Nothing: plain RTP. */
  #offered(label: string): readonly SdpCrypto[] {
    if (this.#plain) return [];
    const known = this.#lines.get(label);
    if (known !== undefined) return known;
    const made = OFFERED.map((suite, i): SdpCrypto => {
      const { keyLength, saltLength } = srtpSuite(suite) ?? { keyLength: 0, saltLength: 0 };
      // A copy: random octets may be a view of much more, and this goes to the media thread.
      const keySalt = Uint8Array.from(this.#random(keyLength + saltLength));
      return { tag: i + 1, suite, keys: [{ keySalt, mki: NO_MKI }], sessionParameters: [] };
    });
    this.#lines.set(label, made);
    return made;
  }

  /** What the recorder answered: the lines that it did not take are not offered again in this dialog. */
  took<T extends { readonly label: string; readonly cryptoTag?: number }>(answered: readonly T[]): readonly T[] {
    for (const { label, cryptoTag } of answered) {
      const line = this.#lines.get(label)?.find(({ tag }) => tag === cryptoTag);
      if (line !== undefined) this.#lines.set(label, [line]);
    }
    return answered;
  }

  /** The recorder does not take protected streams: true where plain ones may be offered instead. */
  fallBack(): boolean {
    if (this.#mode !== "optional" || this.#plain) return false;
    this.#plain = true;
    return true;
  }
}

/**
 * What we protect a stream with, after its answer: with our key of the line whose tag and suite it names (RFC 4568 5.1.3). Undefined: the answer
 * has none of them.
 */
export function chosenLine(
  offered: readonly SdpCrypto[],
  answered: readonly SdpCrypto[],
): { readonly tag: number; readonly srtp: SrtpParameters } | undefined {
  for (const { tag, suite } of answered) {
    const line = offered.find((crypto) => crypto.tag === tag && crypto.suite === suite);
    const known = srtpSuite(suite);
    if (line !== undefined && known !== undefined) return { tag, srtp: { suite: known.name, keys: line.keys } };
  }
  return undefined;
}
