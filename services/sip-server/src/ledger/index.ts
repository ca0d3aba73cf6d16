export * from "./ledger.ts";
export {
  type LedgerChanges,
  type LedgerFilter,
  type LedgerLine,
  type LedgerPage,
  listLedger,
  listLedgerChanges,
} from "./listing.ts";
