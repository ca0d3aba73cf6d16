/**
 * Sound that says whose it is and when it was spoken: 20 ms of µ-law in which one block of ten octets is repeated 16 times. The
 * block is a mark and nine digits of base 16 (three for the speaker, six for the frame's number), each digit a µ-law value that
 * no relay, mixer of one voice or G.711 table changes. What a phone hears and what is on a recorder's disk are judged by it.
 */

/** Octets of one frame: 20 ms of G.711. */
export const FRAME_OCTETS = 160;
/** Octets of a block. */
export const BLOCK_OCTETS = 10;
/** Blocks of a frame. */
export const BLOCKS = FRAME_OCTETS / BLOCK_OCTETS;

const MARK = 0x02;
const DIGITS = Uint8Array.from({ length: 16 }, (_, digit) => 0x82 + 7 * digit);
const digitOf = new Int8Array(256).fill(-1);
for (const [digit, octet] of DIGITS.entries()) digitOf[octet] = digit;

/** Writes the frame of a speaker (0 to 4,095) with this number (0 to 16,777,215) at `offset`. */
export function writeFrame(into: Uint8Array, offset: number, speaker: number, number: number): void {
  into[offset] = MARK;
  for (let n = 0; n < 3; n += 1) into[offset + 1 + n] = DIGITS[(speaker >> (8 - 4 * n)) & 15] ?? 0;
  for (let n = 0; n < 6; n += 1) into[offset + 4 + n] = DIGITS[(number >> (20 - 4 * n)) & 15] ?? 0;
  for (let block = 1; block < BLOCKS; block += 1)
    into.copyWithin(offset + block * BLOCK_OCTETS, offset, offset + BLOCK_OCTETS);
}

/** Speaker × 2^24 + number of the block at `offset`; -1 where there is none. */
export function readBlock(from: Uint8Array, offset: number): number {
  if (from[offset] !== MARK) return -1;
  let value = 0;
  for (let n = 1; n < BLOCK_OCTETS; n += 1) {
    const digit = digitOf[from[offset + n] ?? 0] ?? -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** Speaker of what `readBlock` gave. */
export function speakerOf(block: number): number {
  return Math.floor(block / 2 ** 24);
}

/** Frame number of what `readBlock` gave. */
export function numberOf(block: number): number {
  return block % 2 ** 24;
}

/** A frame in stored sound: how many of its 16 blocks are there, and where the first one is. */
export interface FoundFrame {
  readonly blocks: number;
  readonly at: number;
}

/** The frames of one speaker in µ-law sound, by their numbers. */
export function framesOf(sound: Uint8Array, speaker: number): Map<number, FoundFrame> {
  const found = new Map<number, FoundFrame>();
  for (let at = 0; at + BLOCK_OCTETS <= sound.length; ) {
    const block = readBlock(sound, at);
    if (block < 0) {
      at += 1;
      continue;
    }
    if (speakerOf(block) === speaker) {
      const before = found.get(numberOf(block));
      found.set(numberOf(block), { blocks: (before?.blocks ?? 0) + 1, at: before?.at ?? at });
    }
    at += BLOCK_OCTETS;
  }
  return found;
}
