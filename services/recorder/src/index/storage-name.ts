import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RandomBytes, SidetoneError, errorText, randomHex } from "@sidetone/foundation";

const FILE = "storage-name";

/**
 * The name by which a storage folder is known where several share a database: a file in it that is made once, so that it moves with the
 * recordings. Letters, digits, `.`, `_` and `-`, at most 64.
 * @throws SidetoneError `storage-not-available` (exit 1).
 */
export function storageName(directory: string, random: RandomBytes): string {
  const file = join(directory, FILE);
  try {
    mkdirSync(directory, { recursive: true });
    const name = known(file) ?? made(file, randomHex(random, 8));
    if (/^[\w.-]{1,64}$/.test(name)) return name;
  } catch (error) {
    throw new SidetoneError("storage-not-available", `recorder.storage.directory: ${file}: ${errorText(error)}`, {
      exit: 1,
      remedy: "Choose a folder that the user who runs Sidetone may write.",
      cause: error,
    });
  }
  throw new SidetoneError(
    "storage-not-available",
    `recorder.storage.directory: ${file} has no name of letters and digits in it`,
    {
      exit: 1,
      remedy: `Delete ${file}; the recorder makes another one, and a new index from the folders.`,
    },
  );
}

function known(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function made(file: string, name: string): string {
  writeFileSync(file, `${name}\n`, { flag: "wx", flush: true });
  return name;
}
