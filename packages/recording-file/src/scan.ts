import { readdir } from "node:fs/promises";
import { join } from "node:path";

const YEAR = /^\d{4}$/;
const TWO = /^\d{2}$/;

/**
 * Every recording's folder below the storage, relative, oldest day first. For rebuilding the index.
 * @param onUnreadable a folder that cannot be listed: what is below it is not among the answers
 */
export async function* scanFolders(
  root: string,
  onUnreadable: (relative: string, error: unknown) => void = () => undefined,
): AsyncGenerator<string> {
  const below = async (relative: string, pattern: RegExp | undefined): Promise<string[]> => {
    try {
      const entries = await readdir(join(root, relative), { withFileTypes: true });
      return entries
        .filter((e) => e.isDirectory() && (pattern === undefined || pattern.test(e.name)))
        .map((e) => join(relative, e.name))
        .sort();
    } catch (error) {
      onUnreadable(relative, error);
      return [];
    }
  };
  for (const year of await below("", YEAR))
    for (const month of await below(year, TWO))
      for (const day of await below(month, TWO)) yield* await below(day, undefined);
}
