export * from "./schema.ts";
export { type Query, type Storage, type StorageStats, openStorage, queries } from "./storage.ts";
export type { SqlStatement, SqlValue, StatementResult } from "./wire.ts";
