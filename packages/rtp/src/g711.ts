/** Silence in µ-law: the code of zero. */
export const ULAW_SILENCE = 0xff;
/** Silence in A-law: the code of the smallest positive value. */
export const ALAW_SILENCE = 0xd5;

/** G.711 µ-law code to 16-bit linear. */
export const ulawToLinear: Int16Array = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 255;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 128) !== 0 ? -magnitude : magnitude;
});

/** G.711 A-law code to 16-bit linear. */
export const alawToLinear: Int16Array = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 15) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return (bits & 128) !== 0 ? magnitude : -magnitude;
});

/** 16-bit linear (as unsigned index, `sample & 0xffff`) to µ-law. */
export const linearToUlaw: Uint8Array = Uint8Array.from({ length: 65_536 }, (_, index) =>
  encodeUlaw((index << 16) >> 16),
);
/** 16-bit linear (as unsigned index, `sample & 0xffff`) to A-law. */
export const linearToAlaw: Uint8Array = Uint8Array.from({ length: 65_536 }, (_, index) =>
  encodeAlaw((index << 16) >> 16),
);

/** µ-law code to A-law code. */
export const ulawToAlaw: Uint8Array = Uint8Array.from(ulawToLinear, (linear) => encodeAlaw(linear));
/** A-law code to µ-law code. */
export const alawToUlaw: Uint8Array = Uint8Array.from(alawToLinear, (linear) => encodeUlaw(linear));

function encodeUlaw(linear: number): number {
  const sign = linear < 0 ? 128 : 0;
  const biased = Math.min(Math.abs(linear), 32_635) + 132;
  const segment = 24 - Math.clz32(biased); // Bits 7 to 14 lead: segments 0 to 7.
  return ~(sign | (segment << 4) | ((biased >> (segment + 3)) & 15)) & 255;
}

function encodeAlaw(linear: number): number {
  const sign = linear < 0 ? 0 : 128;
  const magnitude = Math.min(linear < 0 ? ~linear : linear, 32_767);
  const segment = magnitude < 256 ? 0 : 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (segment === 0 ? 4 : segment + 3)) & 15;
  return (sign | (segment << 4) | mantissa) ^ 0x55;
}
