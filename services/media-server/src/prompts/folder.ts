import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PromptFolder } from "./library.ts";

/** Music and an announcement that come with Sidetone. */
export const shippedPrompts = fileURLToPath(new URL("../../prompts", import.meta.url));

/** A folder on the disk. Names are checked by who asks: they have no separators. */
export function promptFolder(directory: string): PromptFolder {
  return {
    async stamp(name) {
      const found = await stat(join(directory, name));
      if (!found.isFile()) throw new Error("it is no file");
      return { octets: found.size, stamp: `${found.size} ${found.mtimeMs}` };
    },
    read: (name) => readFile(join(directory, name)),
  };
}
