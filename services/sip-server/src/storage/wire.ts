/** A value that SQLite stores. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** A compiled statement. */
export interface SqlStatement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** What a statement gave. */
export interface StatementResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

/** Statements that happen together or not at all. */
export type Unit = readonly SqlStatement[];

/** What became of one unit: its statements' results, or why it was undone. */
export type UnitResult = { readonly results: readonly StatementResult[] } | { readonly error: string };

/** What the worker is started with. */
export interface WorkerStart {
  readonly file: string;
}

/** To the worker: units for one transaction, or the end. */
export type ToWorker = { readonly kind: "batch"; readonly units: readonly Unit[] } | { readonly kind: "close" };

/** From the worker. `units` come after the transaction is on the disk. */
export type FromWorker =
  | { readonly kind: "open" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "batch"; readonly units: readonly UnitResult[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "closed" };
