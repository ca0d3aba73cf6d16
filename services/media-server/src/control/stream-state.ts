import type { MediaStream } from "@sidetone/msml";
import type { StreamSettings } from "../media/index.ts";
import { OperationFailed } from "./failure.ts";
import { plainStream } from "./working-copy.ts";
import type { StreamState } from "./state.ts";

/** What the engine can add to a stream, dB. */
const MAX_GAIN_DB = 36;

/** Refuses what is not served of a `<stream>`. */
export function checkStream({ media, clamp, gain }: MediaStream): void {
  if (media === "video") throw new OperationFailed(441, "there is no video here");
  if (clamp?.tone === true) throw new OperationFailed(407, "<clamp tone> is not served: only keys are taken out");
  if (gain?.kind === "fixed" && gain.db > MAX_GAIN_DB) {
    throw new OperationFailed(521, `<gain amt="${gain.db}">: at most ${MAX_GAIN_DB} dB are added`);
  }
}

/** A stream's state after what a `<stream>` says; what it does not say stays. */
export function streamAfter(before: StreamState | undefined, said: MediaStream): StreamState {
  const known = before ?? plainStream;
  const { gain, clamp, preferred } = said;
  const loudness =
    gain === undefined || gain.kind === "mute" || gain.kind === "unmute"
      ? known.loudness
      : gain.kind === "agc-off"
        ? known.loudness?.kind === "agc"
          ? undefined
          : known.loudness
        : gain;
  // What sets how loud a stream is wants it heard.
  const muted = gain === undefined ? known.muted : gain.kind === "mute";
  return { muted, loudness, clamp: clamp ?? known.clamp, preferred: preferred ?? known.preferred };
}

/** As the engine is told. */
export function settingsOf({ muted, loudness, clamp, preferred }: StreamState): StreamSettings {
  return {
    ...(muted ? { mute: true } : {}),
    ...(loudness?.kind === "fixed" && loudness.db !== 0 ? { gainDb: loudness.db } : {}),
    ...(loudness?.kind === "agc"
      ? { automaticGain: { targetDb: loudness.targetDb, maxGainDb: loudness.maxGainDb } }
      : {}),
    ...(clamp?.dtmf === true ? { clampDtmf: true } : {}),
    ...(preferred ? { preferred: true } : {}),
  };
}

/** True where there is nothing to tell. */
export function isPlainStream(state: StreamState): boolean {
  return Object.keys(settingsOf(state)).length === 0;
}
