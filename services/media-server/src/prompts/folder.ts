import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { PromptFolder } from "./library.ts";

/** Music and an announcement that come with Sidetone. */
export const shippedPrompts = fileURLToPath(new URL("../../prompts", import.meta.url));

/**
 * A folder on the disk. Names are checked by who asks: they have no dots at a beginning and no escapes. A link that leads out of the folder
 * is no file of it.
 */
export function promptFolder(directory: string): PromptFolder {
  return {
    async stamp(name) {
      const handle = await openWithin(directory, name);
      try {
        const found = await handle.stat();
        if (!found.isFile()) throw new Error("it is no file");
        return { octets: found.size, stamp: `${found.size} ${found.mtimeMs}` };
      } finally {
        await handle.close();
      }
    },
    async read(name, octets) {
      const handle = await openWithin(directory, name);
      try {
        // Never more than was said: the file may have grown since.
        const bytes = Buffer.alloc(octets);
        let at = 0;
        while (at < octets) {
          const { bytesRead } = await handle.read(bytes, at, octets - at, at);
          if (bytesRead === 0) break;
          at += bytesRead;
        }
        return bytes.subarray(0, at);
      } finally {
        await handle.close();
      }
    },
  };
}

async function openWithin(directory: string, name: string) {
  const folder = await realpath(directory);
  const path = await realpath(join(folder, name));
  if (!path.startsWith(`${folder}${sep}`)) throw new Error("it is no file of the folder");
  // What has become a link since is not followed; a pipe is not waited for.
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}
