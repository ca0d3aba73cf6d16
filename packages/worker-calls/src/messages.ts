import type { CarriedError } from "./carried-error.ts";

/** A call on its way to the thread; the first one opens, the last one closes. */
export interface CallMessage {
  /** Comes back with the answer. */
  readonly n: number;
  readonly to: "open" | "close" | { readonly object: string; readonly method: string };
  readonly args: readonly unknown[];
}

/** What came of a call. */
export type AnswerMessage =
  | { readonly n: number; readonly value: unknown }
  | { readonly n: number; readonly error: CarriedError };
