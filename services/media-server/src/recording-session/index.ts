export { type EventValues, Recorder, type RecorderOptions } from "./recorder.ts";
export type { TappedLeg } from "./taps.ts";
export { NO_RTP } from "./recorder-words.ts";
export { Isolation } from "./isolation.ts";
export { RecorderWatch } from "./recorder-watch.ts";
export type { SessionProfiles } from "./profile.ts";
