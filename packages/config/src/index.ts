export { isLoopback, sipUriPlace } from "./addresses.ts";
export { loadConfig, parseConfig, type LoadOptions } from "./load.ts";
export { formatMistake, type ConfigMistake } from "./mistake.ts";
export { nearestName } from "./nearest.ts";
export * from "./types.ts";
