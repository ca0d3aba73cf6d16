/** Longest name that is compared, in UTF-16 units. */
const MAX_NAME_FOR_DISTANCE = 64;

/** Edits (insert, delete, replace, swap of neighbours) between two short texts. */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: width }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j < width; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The known name that `written` was probably meant to be; undefined where none is near. */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  if (written.length > MAX_NAME_FOR_DISTANCE) return undefined;
  const simple = plain(written);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(simple.length / 3)) + 1;
  for (const name of known) {
    if (name.length > MAX_NAME_FOR_DISTANCE) continue;
    const distance = editDistance(simple, plain(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** camelCase, snake_case and kebab-case of one name look alike. */
function plain(name: string): string {
  return name.replaceAll("_", "").replaceAll("-", "").toLowerCase();
}
