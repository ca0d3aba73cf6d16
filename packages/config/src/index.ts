export { isLoopback, sipUriPlace } from "./addresses.ts";
export { maskedSecret } from "./credentials.ts";
export { maxFileBytes } from "./limits.ts";
export { type LoadOptions, loadConfig, parseConfig } from "./load.ts";
export { type KeptEntries, type Loading, loadConfigInThread } from "./load-thread.ts";
export { type ConfigMistake, formatMistake } from "./mistake.ts";
export { matchesPattern, patternToGlob } from "./pattern.ts";
export { secretsOf, type ShownConfig, showConfig } from "./shown-config.ts";
export * from "./types.ts";
