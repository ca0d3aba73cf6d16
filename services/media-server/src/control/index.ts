export * from "./connection-ended.ts";
export * from "./execute.ts";
export type * from "./state.ts";
