import { SidetoneError } from "@sidetone/foundation";
import type { MediaEngine, MediaEngineOptions } from "./types.ts";

/** Starts the media engine in its worker thread. */
export function startMediaEngine(_options: MediaEngineOptions): Promise<MediaEngine> {
  return Promise.reject(new SidetoneError("media-engine-closed", "the media engine is not built yet"));
}
