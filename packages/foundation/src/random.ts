import { randomBytes } from "node:crypto";

/** Random bytes; injected so that tests repeat. */
export type RandomBytes = (count: number) => Uint8Array;

export const systemRandom: RandomBytes = (count) => randomBytes(count);

/** `bytes` random bytes as lower-case hex, twice as long. */
export function randomHex(random: RandomBytes, bytes: number): string {
  return Buffer.from(random(bytes)).toString("hex");
}
