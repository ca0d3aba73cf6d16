import { linearToAlaw, linearToUlaw, RTP_HEADER } from "@sidetone/rtp";
import { PCMU } from "./kinds.ts";
import { FRAME } from "./limits.ts";

const LOUDEST = 32_767;

/**
 * Encodes a frame of a sum, without what `own` added to it, limited to 16 bits, in one of the two forms of G.711; `into` has room for a
 * header before it.
 */
export function encodeMix(kind: number, sum: Int32Array, own: Int16Array | undefined, into: Uint8Array): void {
  const table = kind === PCMU ? linearToUlaw : linearToAlaw;
  for (let i = 0; i < FRAME; i++) {
    let sample = (sum[i] ?? 0) - (own === undefined ? 0 : (own[i] ?? 0));
    if (sample > LOUDEST) sample = LOUDEST;
    else if (sample < -LOUDEST) sample = -LOUDEST;
    into[RTP_HEADER + i] = table[sample & 0xffff] ?? 0;
  }
}
