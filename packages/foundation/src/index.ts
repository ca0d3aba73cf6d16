export * from "./brand.ts";
export * from "./clock.ts";
export * from "./error.ts";
export * from "./events.ts";
export * from "./logger.ts";
export * from "./manual-clock.ts";
export * from "./random.ts";
export * from "./result.ts";
