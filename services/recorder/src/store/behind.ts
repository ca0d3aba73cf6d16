import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRfc3339, rfc3339 } from "@sidetone/foundation";

const FILE = "index-behind";

/**
 * Notes in the storage folder that its index lacks recordings from a time on, for the next start; undefined: it has all of them.
 * An earlier note that is still there stays. Throws as files do.
 */
export function noteBehind(root: string, sinceMicros: number | undefined): void {
  const file = join(root, FILE);
  if (sinceMicros === undefined) rmSync(file, { force: true });
  else {
    const before = behindSince(root);
    const since = before === undefined ? sinceMicros : Math.min(before, sinceMicros);
    writeFileSync(file, `${rfc3339(since)}\n`, { flush: true });
  }
}

/** The time from which on the index may lack recordings; undefined where it has all. A note that cannot be read means from the beginning. */
export function behindSince(root: string): number | undefined {
  try {
    return parseRfc3339(readFileSync(join(root, FILE), "utf8").trim()) ?? 0;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? undefined : 0;
  }
}

/** True where a recording's folder, `YYYY/MM/DD/NAME`, may be of this time or later. */
export function isSince(relative: string, sinceMicros: number): boolean {
  // A folder has the day on which its recording began, somewhere on earth.
  const day = rfc3339(Math.max(0, sinceMicros - 86_400_000_000))
    .slice(0, 10)
    .replaceAll("-", "/");
  return relative.replaceAll("\\", "/").slice(0, 10) >= day;
}
