import { fileURLToPath } from "node:url";
import { type AudioSource, ulawFile } from "./audio-source.ts";

/** Ten seconds of real speech in µ-law; their origin is in `audio/NOTE.md`. */
export function speech(who: "caller" | "agent", o: { readonly loop?: boolean } = {}): AudioSource {
  return ulawFile(fileURLToPath(new URL(`../audio/${who}.ul`, import.meta.url)), o);
}
