import { readFileSync } from "node:fs";
import { decodeUlaw } from "./g711.ts";

/** Sound at 8 kHz: the linear 16-bit sample at position `n`. Pure, so that a call can be replayed and a packet resent. */
export type AudioSource = (n: number) => number;

/** Samples per second of everything here. */
export const SAMPLE_RATE = 8000;

/** A steady sine of `hz`, at `level` of full scale. Take 437 and 1013 Hz: a cut of 20 ms shows in them. */
export function tone(hz: number, level = 0.5): AudioSource {
  const step = (2 * Math.PI * hz) / SAMPLE_RATE;
  return (n) => Math.round(32767 * level * Math.sin(step * n));
}

/** Digital silence, sent as packets. */
export const quiet: AudioSource = () => 0;

/** A sine whose frequency climbs from `fromHz` to `toHz` in `seconds`, then starts again: every instant is recognisable. */
export function sweep(fromHz: number, toHz: number, seconds: number, level = 0.5): AudioSource {
  const length = Math.round(seconds * SAMPLE_RATE);
  return (n) => {
    const t = (n % length) / SAMPLE_RATE;
    const phase = 2 * Math.PI * (fromHz * t + ((toHz - fromHz) * t * t) / (2 * seconds));
    return Math.round(32767 * level * Math.sin(phase));
  };
}

/** Raw µ-law bytes, once (then silence) or over and over. */
export function ulawBytes(bytes: Uint8Array, o: { readonly loop?: boolean } = {}): AudioSource {
  const loop = o.loop ?? false;
  return (n) => {
    const at = loop ? n % bytes.length : n;
    const octet = bytes[at];
    return octet === undefined ? 0 : decodeUlaw(octet);
  };
}

/** A raw µ-law file (`.ul`). */
export function ulawFile(path: string, o: { readonly loop?: boolean } = {}): AudioSource {
  return ulawBytes(readFileSync(path), o);
}

/** Pieces one after another; the last one goes on for ever. */
export function sequence(pieces: readonly { readonly source: AudioSource; readonly ms: number }[]): AudioSource {
  return (n) => {
    let start = 0;
    for (const [index, piece] of pieces.entries()) {
      const length = Math.round((piece.ms * SAMPLE_RATE) / 1000);
      if (n < start + length || index === pieces.length - 1) return piece.source(n - start);
      start += length;
    }
    return 0;
  };
}
