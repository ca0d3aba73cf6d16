import type { FileCodec } from "@sidetone/recording-file";
import { G722Decoder, linearToAlaw, linearToUlaw, opusSamples } from "@sidetone/rtp";
import { MAX_PAYLOAD_BYTES } from "../limits.ts";
import { isQuiet } from "./laws.ts";
import { OpusDecoding } from "./opus-decoding.ts";

/** What is made into G.711 before it is stored. */
export type DecodedKind = "g722" | "opus";

/** Decodes one stream's packets, in the order in which they come, to the law of the file. */
export class Decoding {
  /** The packet last decoded. */
  readonly octets = new Uint8Array(MAX_PAYLOAD_BYTES);
  /** Nobody spoke in it. */
  quiet = false;
  readonly #linear = new Int16Array(MAX_PAYLOAD_BYTES);
  #ssrc: number | undefined;
  #g722 = new G722Decoder();
  #opus: OpusDecoding | undefined;

  /** False while the decoder is being made: packets are to wait. */
  ready(kind: DecodedKind): boolean {
    if (kind !== "opus") return true;
    this.#opus ??= new OpusDecoding();
    return this.#opus.ready;
  }

  /** Decodes to `octets`; returns the samples. A source that changes begins anew. */
  decode(kind: DecodedKind, ssrc: number, data: Uint8Array, start: number, length: number, law: FileCodec): number {
    const samples = kind === "g722" ? this.#fromG722(ssrc, data, start, length) : this.#fromOpus(data, start, length);
    const table = law === "pcmu" ? linearToUlaw : linearToAlaw;
    for (let i = 0; i < samples; i++) this.octets[i] = table[(this.#linear[i] ?? 0) & 0xffff] ?? 0;
    this.quiet = isQuiet(law, this.octets, 0, samples);
    return samples;
  }

  close(): void {
    this.#opus?.close();
    this.#opus = undefined;
  }

  #fromG722(ssrc: number, data: Uint8Array, start: number, length: number): number {
    if (ssrc !== this.#ssrc) this.#g722 = new G722Decoder();
    this.#ssrc = ssrc;
    const samples = Math.min(length, MAX_PAYLOAD_BYTES);
    this.#g722.decode(data, start, samples, this.#linear);
    return samples;
  }

  #fromOpus(data: Uint8Array, start: number, length: number): number {
    const decoded = this.#opus?.decode(data.slice(start, start + length));
    const samples = Math.min(decoded?.length ?? 0, MAX_PAYLOAD_BYTES);
    for (let i = 0; i < samples; i++)
      this.#linear[i] = Math.max(-32_768, Math.min(32_767, Math.round((decoded?.[i] ?? 0) * 32_768)));
    return samples;
  }
}

/** Samples at 8 kHz of a payload of audio; 0 where it is malformed. */
export function samplesOf(kind: FileCodec | DecodedKind, data: Uint8Array, start: number, length: number): number {
  return kind === "opus" ? Math.floor(opusSamples(data, start, length) / 6) : length;
}
