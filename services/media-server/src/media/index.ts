export type * from "./audio-types.ts";
export { startMediaEngine } from "./engine-proxy.ts";
export { dtmfSamples, silenceSamples, type Tone, toneSamples, type ToneSequence, toneSequence } from "./tones.ts";
export type * from "./types.ts";
