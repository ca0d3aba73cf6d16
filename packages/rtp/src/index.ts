export * from "./create.ts";
export * from "./ipv4.ts";
export * from "./packet-io.ts";
export * from "./port-pairs.ts";
export * from "./time-line.ts";
export * from "./sender-clock.ts";
export * from "./sequence.ts";
