import { alawToUlaw, ulawToAlaw } from "@sidetone/rtp";
import type { AudioCodec } from "./types.ts";

/** What a packet carries, as a small number for tables and rings. */
export const PCMU = 0;
export const PCMA = 1;
export const DTMF = 2;
export const UNKNOWN = -1;
/** Flag beside the kind in the tag of a buffered packet. */
export const MARKER = 4;

/** Static payload types (RFC 3551 6). */
export const STATIC_PCMU = 0;
export const STATIC_PCMA = 8;
/** RFC 3389. Not relayed: nobody is offered it. */
export const COMFORT_NOISE = 13;

export function kindOfCodec(codec: AudioCodec): number {
  return codec === "PCMU" ? PCMU : PCMA;
}

/** Table that turns audio of one kind into the other; undefined where they are the same. */
export function conversion(from: number, to: number): Uint8Array | undefined {
  if (from === to) return undefined;
  return from === PCMU ? ulawToAlaw : alawToUlaw;
}

/** Fills a table payload type → kind. The static types of G.711 are always understood: phones change to them without asking. */
export function fillKinds(kinds: Int8Array, codec: AudioCodec, payloadType: number, dtmf: number | undefined): void {
  kinds.fill(UNKNOWN);
  kinds[STATIC_PCMU] = PCMU;
  kinds[STATIC_PCMA] = PCMA;
  kinds[payloadType & 127] = kindOfCodec(codec);
  if (dtmf !== undefined) kinds[dtmf & 127] = DTMF;
}
