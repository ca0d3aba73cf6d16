export * from "./content-type.ts";
export * from "./document.ts";
export * from "./identifiers.ts";
export * from "./limits.ts";
export * from "./read.ts";
export * from "./recorder.ts";
export type { MsmlRefusal } from "./refusal.ts";
export * from "./response-codes.ts";
export * from "./write.ts";
