export * from "./arrivals.ts";
export type { CallNote } from "./load-call.ts";
export * from "./load-phones.ts";
export * from "./numbered-frame.ts";
export * from "./phone-load.ts";
