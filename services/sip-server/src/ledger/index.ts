export * from "./ledger.ts";
export { type LedgerFilter, type LedgerLine, type LedgerPage, listLedger } from "./listing.ts";
