import { readdir } from "node:fs/promises";
import { join } from "node:path";

const YEAR = /^\d{4}$/;
const TWO = /^\d{2}$/;

/** Every recording's folder below the storage, relative, oldest day first. For rebuilding the index. */
export async function* scanFolders(root: string): AsyncGenerator<string> {
  for (const year of await folders(root, YEAR)) {
    for (const month of await folders(join(root, year), TWO)) {
      for (const day of await folders(join(root, year, month), TWO)) {
        for (const name of await folders(join(root, year, month, day), undefined)) yield join(year, month, day, name);
      }
    }
  }
}

async function folders(path: string, pattern: RegExp | undefined): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((e) => e.isDirectory() && (pattern === undefined || pattern.test(e.name)))
    .map((e) => e.name)
    .sort();
}
