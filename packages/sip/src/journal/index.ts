export * from "./journal-file.ts";
export { maskSecrets } from "./mask.ts";
