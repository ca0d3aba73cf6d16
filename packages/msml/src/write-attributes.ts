import { FOREVER, type Iterations } from "./dialog.ts";

/** A number as an attribute. */
export function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** A flag as an attribute. */
export function flagText(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** Milliseconds as an attribute, in seconds where they are whole ones. */
export function timeText(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** A list as an attribute; none where it is empty. */
export function listText(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(" ");
}

/** `iterate`; none for once. */
export function iterateText(iterate: Iterations): string | undefined {
  if (iterate === FOREVER) return "forever";
  return iterate === 1 ? undefined : String(iterate);
}
