export { isLoopback, sipUriPlace } from "./addresses.ts";
export { type LoadOptions, loadConfig, parseConfig } from "./load.ts";
export { type KeptEntries, type Loading, loadConfigInThread } from "./load-thread.ts";
export { type ConfigMistake, formatMistake } from "./mistake.ts";
export { matchesPattern, patternToGlob } from "./pattern.ts";
export * from "./types.ts";
