export * from "./element.ts";
export * from "./limits.ts";
export * from "./parse.ts";
export * from "./write.ts";
