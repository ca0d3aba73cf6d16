import { linearToAlaw, linearToUlaw, RTP_HEADER } from "@sidetone/rtp";
import { PCMU } from "./kinds.ts";

const LOUDEST = 32_767;

/**
 * Encodes `length` samples of a sum, limited to 16 bits, in one of the two forms of G.711; `into` has room for a header before them.
 */
export function encodeMix(kind: number, sum: Int32Array, length: number, into: Uint8Array): void {
  const table = kind === PCMU ? linearToUlaw : linearToAlaw;
  for (let i = 0; i < length; i++) {
    let sample = sum[i] ?? 0;
    if (sample > LOUDEST) sample = LOUDEST;
    else if (sample < -LOUDEST) sample = -LOUDEST;
    into[RTP_HEADER + i] = table[sample & 0xffff] ?? 0;
  }
}
