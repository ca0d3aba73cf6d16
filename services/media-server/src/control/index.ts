export * from "./connection-ended.ts";
export { isFile, promptOf } from "./dialog.ts";
export * from "./execute.ts";
export type * from "./state.ts";
export { conferencesOf } from "./working-copy.ts";
