/**
 * R24 to R27 as a table: who is recorded full-time × what happens to a call of A (customer) and B (agent) with C (agent) →
 * what becomes of the recording of that call. docs/recording-table.md shows it to people; a test holds both together.
 */

/** Who is recorded, in the order of the columns. */
export const recorded = ["-", "A", "B", "C", "AB", "AC", "BC", "ABC"] as const;

/**
 * `.` never recorded; `=` one recording from the answer to the end of the call; `x` it ends when this happens;
 * `+` it starts when this happens; `±` it starts, and ends with who left then.
 */
export type Outcome = "." | "=" | "x" | "+" | "±";

/** What happens. */
export type Happening =
  | "hold and retrieve"
  | "single-step transfer"
  | "two-step transfer"
  | "transfer completed while C rings"
  | "mute transfer"
  | "conference"
  | "single-step conference"
  | "conference, A leaves"
  | "conference, B leaves"
  | "conference, C leaves"
  | "consultation and reconnect"
  | "single-step transfer, C rings still"
  | "transfer completed, C rings still"
  | "conference asked for, C rings still"
  | "single-step transfer, C does not answer";

/** One outcome for each of `recorded`. */
export const table: readonly (readonly [Happening, string])[] = [
  ["hold and retrieve", ". = = . = = = ="],
  ["single-step transfer", ". = x + = = = ="],
  ["two-step transfer", ". = x + = = = ="],
  ["transfer completed while C rings", ". = x + = = = ="],
  ["mute transfer", ". = x + = = = ="],
  ["conference", ". = = + = = = ="],
  ["single-step conference", ". = = + = = = ="],
  ["conference, A leaves", ". x = + = = = ="],
  ["conference, B leaves", ". = x + = = = ="],
  ["conference, C leaves", ". = = ± = = = ="],
  ["consultation and reconnect", ". = = . = = = ="],
  ["single-step transfer, C rings still", ". = x . = = = ="],
  ["transfer completed, C rings still", ". = x . = = = ="],
  ["conference asked for, C rings still", ". = = . = = = ="],
  ["single-step transfer, C does not answer", ". x x . x x x x"],
];

/** R27: whether the consultation, where there is one, has a recording of its own; it ends with it. */
export const consultation = ". . x x x x x x";

/** R26: label of each party's stream, who is there at the end, in the order of coming. */
export const sidesAtEnd: ReadonlyMap<Happening, string> = new Map([
  ["hold and retrieve", "A customer, B agent"],
  ["single-step transfer", "A customer, C agent"],
  ["two-step transfer", "A customer, C agent"],
  ["transfer completed while C rings", "A customer, C agent"],
  ["mute transfer", "A customer, C agent"],
  ["conference", "A customer, B agent, C agent"],
  ["single-step conference", "A customer, B agent, C agent"],
  ["conference, A leaves", "B agent, C agent"],
  ["conference, B leaves", "A customer, C agent"],
  ["conference, C leaves", "A customer, B agent"],
  ["consultation and reconnect", "A customer, B agent"],
]);

/** Outcomes of a row by who is recorded. */
export function cellsOf(row: string): readonly { readonly who: (typeof recorded)[number]; readonly outcome: string }[] {
  const outcomes = row.split(" ");
  return recorded.map((who, n) => ({ who, outcome: outcomes[n] ?? "" }));
}
