export { startMediaEngine } from "./engine-proxy.ts";
export type * from "./types.ts";
