/** What a Range header asks of `size` bytes: all of it, a part (both ends included), or what is not there. */
export type ByteRange =
  | { readonly kind: "all" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

const ALL: ByteRange = { kind: "all" };

/** RFC 9110 14.1.2. Several ranges, other units and malformed values are ignored, as 14.2 allows: the whole is sent. */
export function readRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined || header.length > 100 || !header.toLowerCase().startsWith("bytes=")) return ALL;
  const spec = header.slice("bytes=".length).trim();
  const dash = spec.indexOf("-");
  if (dash < 0 || spec.includes(",")) return ALL;
  const first = digits(spec.slice(0, dash));
  const last = digits(spec.slice(dash + 1));
  if (first === "bad" || last === "bad") return ALL;
  if (first === undefined) {
    if (last === undefined) return ALL;
    return last === 0 || size === 0
      ? { kind: "unsatisfiable" }
      : { kind: "part", start: Math.max(0, size - last), end: size - 1 };
  }
  if (last !== undefined && last < first) return ALL;
  if (first >= size) return { kind: "unsatisfiable" };
  return { kind: "part", start: first, end: Math.min(last ?? size - 1, size - 1) };
}

function digits(text: string): number | "bad" | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : "bad";
}
