/** Random bytes; injected so that tests repeat. */
export type RandomBytes = (count: number) => Uint8Array;

/** The machine's random bytes, at most 65,536 at a time. The Web Crypto API, so that browsers can load this package. */
export const systemRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

/** `bytes` random bytes as lower-case hex, twice as long. */
export function randomHex(random: RandomBytes, bytes: number): string {
  return Buffer.from(random(bytes)).toString("hex");
}
