import { type FileCodec, silenceByte } from "@sidetone/recording-file";
import { alawToLinear, alawToUlaw, linearToAlaw, linearToUlaw, ulawToAlaw, ulawToLinear } from "@sidetone/rtp";

// Digital silence stays digital silence: A-law has no zero, so that its smallest step would become a step of µ-law.
const TO_ULAW = Uint8Array.from(alawToUlaw);
TO_ULAW[silenceByte("pcma")] = silenceByte("pcmu");

/** True for what is stored as it came. */
export function isLaw(kind: string): kind is FileCodec {
  return kind === "pcmu" || kind === "pcma";
}

/** Byte for byte from one law into the other; undefined where they are the same. */
export function conversion(from: FileCodec, to: FileCodec): Uint8Array | undefined {
  if (from === to) return undefined;
  return to === "pcmu" ? TO_ULAW : ulawToAlaw;
}

/** The sum of two bytes of one law, cut at full scale. */
export function mixed(codec: FileCodec, a: number, b: number): number {
  const [linear, law] = codec === "pcmu" ? [ulawToLinear, linearToUlaw] : [alawToLinear, linearToAlaw];
  const sum = (linear[a] ?? 0) + (linear[b] ?? 0);
  return law[Math.max(-32_768, Math.min(32_767, sum)) & 0xffff] ?? 0;
}

/** Loudest sample of what counts as a pause of speech: -42 dB of full scale. */
const QUIET_PEAK = 256;

/** True where nobody speaks in `length` octets from `start` on. */
export function isQuiet(codec: FileCodec, data: Uint8Array, start: number, length: number): boolean {
  const linear = codec === "pcmu" ? ulawToLinear : alawToLinear;
  for (let i = start; i < start + length; i++) if (Math.abs(linear[data[i] ?? 0] ?? 0) > QUIET_PEAK) return false;
  return true;
}
