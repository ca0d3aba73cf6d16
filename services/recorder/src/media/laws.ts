import type { FileCodec } from "@sidetone/recording-file";

/** ITU-T G.711 µ-law byte as a 16-bit sample. */
function fromUlaw(byte: number): number {
  const b = ~byte & 0xff;
  const magnitude = (((b & 0x0f) << 3) + 0x84) << ((b & 0x70) >> 4);
  return (b & 0x80) !== 0 ? 0x84 - magnitude : magnitude - 0x84;
}

/** ITU-T G.711 A-law byte as a 16-bit sample. */
function fromAlaw(byte: number): number {
  const b = byte ^ 0x55;
  const segment = (b & 0x70) >> 4;
  const low = ((b & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? low : (low + 0x100) << (segment - 1);
  return (b & 0x80) !== 0 ? magnitude : -magnitude;
}

const ULAW = Int16Array.from({ length: 256 }, (_, b) => fromUlaw(b));
const ALAW = Int16Array.from({ length: 256 }, (_, b) => fromAlaw(b));

/** Nearest byte of a law for each of 65,536 samples, index = sample + 32,768. */
function encoder(table: Int16Array, silence: number): Uint8Array {
  const order = Array.from(table.keys()).sort((a, b) => (table[a] ?? 0) - (table[b] ?? 0));
  const out = new Uint8Array(65_536);
  let k = 0;
  for (let sample = -32_768; sample < 32_768; sample++) {
    while (k + 1 < order.length) {
      const here = table[order[k] ?? 0] ?? 0;
      const next = table[order[k + 1] ?? 0] ?? 0;
      if (Math.abs(next - sample) > Math.abs(here - sample)) break;
      k += 1;
    }
    out[sample + 32_768] = sample === 0 ? silence : (order[k] ?? 0);
  }
  return out;
}

const TO_ULAW = encoder(ULAW, 0xff);
const TO_ALAW = encoder(ALAW, 0xd5);

/** Byte for byte from one law into the other. */
export function conversion(from: FileCodec, to: FileCodec): Uint8Array | undefined {
  if (from === to) return undefined;
  const table = from === "pcmu" ? ULAW : ALAW;
  const encode = to === "pcmu" ? TO_ULAW : TO_ALAW;
  const out = Uint8Array.from({ length: 256 }, (_, b) => encode[(table[b] ?? 0) + 32_768] ?? 0);
  // Digital silence stays digital silence: A-law has no zero, only the steps beside it.
  out[from === "pcma" ? 0xd5 : 0xff] = to === "pcma" ? 0xd5 : 0xff;
  out[from === "pcma" ? 0x55 : 0x7f] = to === "pcma" ? 0x55 : 0x7f;
  return out;
}

/** The sum of two bytes of one law, cut at full scale. */
export function mixed(codec: FileCodec, a: number, b: number): number {
  const table = codec === "pcmu" ? ULAW : ALAW;
  const sum = (table[a] ?? 0) + (table[b] ?? 0);
  return (codec === "pcmu" ? TO_ULAW : TO_ALAW)[Math.max(-32_768, Math.min(32_767, sum)) + 32_768] ?? 0;
}
