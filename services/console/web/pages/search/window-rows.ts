/** Tallest thing that every browser lays out (Chromium ends at 33.5 million pixels, Firefox at 17.8); px. */
export const tallest = 12_000_000;
/** Rows that are drawn above and below those that are seen. */
export const overscan = 4;

/** Measures of a list of equal rows in a box that scrolls. All in px. */
export interface ListMeasures {
  readonly rows: number;
  readonly rowHeight: number;
  /** Of what is seen of the rows. */
  readonly height: number;
}

/** Height of what scrolls: the rows', as far as browsers can. */
export function scrollHeight({ rows, rowHeight, height }: ListMeasures): number {
  return Math.max(height, Math.min(rows * rowHeight, tallest));
}

/** Pixels of the list for one of the scroll bar; 1 until the list is taller than browsers can. */
export function scale(measures: ListMeasures): number {
  const { rows, rowHeight, height } = measures;
  const range = scrollHeight(measures) - height;
  return range <= 0 ? 1 : Math.max(1, (rows * rowHeight - height) / range);
}

/** The farthest that the list can be scrolled. */
export function lastTop({ rows, rowHeight, height }: ListMeasures): number {
  return Math.max(0, rows * rowHeight - height);
}

/** A place of the list within its bounds. */
export function bounded(top: number, measures: ListMeasures): number {
  return Math.min(Math.max(0, top), lastTop(measures));
}

/** The rows to draw: from, and up to but without. */
export function drawn(top: number, { rows, rowHeight, height }: ListMeasures): readonly [number, number] {
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  return [first, Math.min(rows, Math.ceil((top + height) / rowHeight) + overscan)];
}

/** The place at which a row is seen, moved no farther than needed. */
export function topToSee(row: number, top: number, measures: ListMeasures): number {
  const { rowHeight, height } = measures;
  const above = row * rowHeight;
  if (above < top) return bounded(above, measures);
  return above + rowHeight > top + height ? bounded(above + rowHeight - height, measures) : top;
}
