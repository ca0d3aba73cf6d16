/** A mistake or warning as the API gives it; lines and columns count from 1. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly remedy?: string;
}

/** A mark that knows how bad it is. */
export interface Finding extends Mark {
  readonly kind: "mistake" | "warning";
}

/** A line of a text with what was found in it. */
export interface MarkedLine {
  readonly number: number;
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** Mistakes and warnings in the order of their lines. */
export function findingsOf(o: { readonly mistakes: readonly Mark[]; readonly warnings: readonly Mark[] }): Finding[] {
  const all: Finding[] = [
    ...o.mistakes.map((mark) => ({ ...mark, kind: "mistake" as const })),
    ...o.warnings.map((mark) => ({ ...mark, kind: "warning" as const })),
  ];
  return all.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** The lines of a text. A finding behind the last line stands at that one. */
export function markedLines(text: string, findings: readonly Finding[]): MarkedLine[] {
  const lines = text.split(/\r?\n/);
  // What ends with a line break has no line behind it.
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  const byLine = Map.groupBy(findings, ({ line }) => Math.min(Math.max(1, line), lines.length));
  return lines.map((line, i) => ({ number: i + 1, text: line, findings: byLine.get(i + 1) ?? [] }));
}

/** Where a line begins and ends in a text, for a selection; the end of the text where there is no such line. */
export function lineRange(text: string, line: number): readonly [number, number] {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", start);
    if (next < 0) return [text.length, text.length];
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}
