export * from "./body.ts";
export * from "./id.ts";
export * from "./limits.ts";
export * from "./merge.ts";
export * from "./metadata.ts";
export * from "./read.ts";
export * from "./recording-uri.ts";
export { type MetadataWarning, type MetadataWarningCode, metadataWarnings } from "./warning.ts";
export * from "./write.ts";
