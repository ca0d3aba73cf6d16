/**
 * G.711 for the test phone. Written apart from `@sidetone/rtp` on purpose: a judge does not use the code it judges.
 * Linear samples are 16-bit, -32768..32767.
 */
export type Companding = "PCMU" | "PCMA";

const ULAW_BIAS = 0x84; // ITU-T G.711 table 2a
const ULAW_CLIP = 32635;

/** One linear sample as a µ-law octet. */
export function encodeUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), ULAW_CLIP) + ULAW_BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

/** One µ-law octet as a linear sample. */
export function decodeUlaw(octet: number): number {
  const bits = ~octet & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + ULAW_BIAS) << ((bits & 0x70) >> 4)) - ULAW_BIAS;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
}

/** One linear sample as an A-law octet (even bits inverted). */
export function encodeAlaw(sample: number): number {
  const positive = sample >= 0;
  const magnitude = Math.min(positive ? sample : -sample - 1, 32767) >> 3;
  let code: number;
  if (magnitude < 32) code = magnitude >> 1;
  else {
    const exponent = 31 - Math.clz32(magnitude) - 4;
    code = (exponent << 4) | ((magnitude >> exponent) & 0x0f);
  }
  return (positive ? code | 0x80 : code) ^ 0x55;
}

/** One A-law octet as a linear sample. */
export function decodeAlaw(octet: number): number {
  const bits = octet ^ 0x55;
  const exponent = (bits & 0x70) >> 4;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

/** The encoder of a codec. */
export function encoderOf(codec: Companding): (sample: number) => number {
  return codec === "PCMU" ? encodeUlaw : encodeAlaw;
}

/** The decoder of a codec. */
export function decoderOf(codec: Companding): (octet: number) => number {
  return codec === "PCMU" ? decodeUlaw : decodeAlaw;
}
