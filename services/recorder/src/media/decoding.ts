import type { FileCodec } from "@sidetone/recording-file";
import { G722Decoder, linearToAlaw, linearToUlaw } from "@sidetone/rtp";
import { MAX_PAYLOAD_BYTES } from "../limits.ts";
import { isQuiet } from "./laws.ts";

/** What is made into G.711 before it is stored. */
export type DecodedKind = "g722";

/** Decodes one stream's packets, in the order in which they come, to the law of the file. */
export class Decoding {
  /** The packet last decoded. */
  readonly octets = new Uint8Array(MAX_PAYLOAD_BYTES);
  /** Nobody spoke in it. */
  quiet = false;
  readonly #linear = new Int16Array(MAX_PAYLOAD_BYTES);
  #ssrc: number | undefined;
  #g722 = new G722Decoder();

  /** Decodes to `octets`; returns the samples. A source that changes begins anew. */
  decode(ssrc: number, data: Uint8Array, start: number, length: number, law: FileCodec): number {
    if (ssrc !== this.#ssrc) this.#g722 = new G722Decoder();
    this.#ssrc = ssrc;
    const samples = Math.min(length, MAX_PAYLOAD_BYTES);
    this.#g722.decode(data, start, samples, this.#linear);
    const table = law === "pcmu" ? linearToUlaw : linearToAlaw;
    for (let i = 0; i < samples; i++) this.octets[i] = table[(this.#linear[i] ?? 0) & 0xffff] ?? 0;
    this.quiet = isQuiet(law, this.octets, 0, samples);
    return samples;
  }
}
