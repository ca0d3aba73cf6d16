export { type AuditEntry, type AuditRecord, AuditTrail } from "./audit.ts";
export { CallJournal, type CallJournalEntry, type CallJournalRecord } from "./call-journal.ts";
export * from "./schema.ts";
export { type Query, type Storage, type StorageStats, openStorage, queries } from "./storage.ts";
export type { SqlStatement, SqlValue, StatementResult } from "./wire.ts";
