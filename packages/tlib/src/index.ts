export * from "./schema/index.ts";
export * from "./session/index.ts";
