// A disk of its own for the recordings of one part: a small tmpfs in the part's mount namespace, filled and emptied from outside.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PartName, Topology } from "@sidetone/testing";

const MB = 1_048_576;
const unshare = ["unshare", "--mount", "--propagation", "private"];
/** Where recorders of a topology store, below their own folder. */
const STORAGE = "recordings";

/** Why no disk can be mounted here; false where it can. */
export function noMounts(): string | false {
  const [program = "", ...args] = unshare;
  const tried = spawnSync(program, [...args, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return tried.status === 0 ? false : "no mount namespaces here (root, unshare, mount)";
}

/** Words that start a recorder on a disk of its own; the program becomes the recorder. */
export function onSmallDisk(megabytes = 16): readonly string[] {
  const script = `mkdir -p ${STORAGE} && mount -t tmpfs -o size=${megabytes}m tmpfs ${STORAGE} && exec "$@"`;
  return [...unshare, "sh", "-c", script, "sh"];
}

/** The disk of a part that runs. */
export class SmallDisk {
  readonly #path: string;

  constructor(topology: Topology, name: PartName) {
    // As the part sees it.
    this.#path = join(`/proc/${topology.process(name).pid}/root`, topology.place(name).folder, STORAGE);
  }

  /** Fills it to the last byte, by files that are not the recorder's. */
  fill(): void {
    try {
      for (let n = 0; ; n++) writeFileSync(join(this.#path, `filler${n}`), Buffer.alloc(MB / 4));
    } catch (error) {
      assert.equal((error as { code?: string }).code, "ENOSPC");
    }
    // Nor may a byte of a page that is there already.
    writeFileSync(join(this.#path, "filler0"), "");
    writeFileSync(join(this.#path, "filler0"), Buffer.alloc(MB / 4));
  }

  /** Takes the filling away again. */
  empty(): void {
    for (const name of readdirSync(this.#path)) if (name.startsWith("filler")) rmSync(join(this.#path, name));
  }

  /** Every file of recordings, by its path below the storage. */
  filesOf(ids: readonly string[]): Record<string, string> {
    const files = readdirSync(this.#path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && ids.some((id) => entry.parentPath.endsWith(`/${id}`)))
      .map((entry) => join(entry.parentPath, entry.name));
    return Object.fromEntries(files.sort().map((file) => [file, readFileSync(file).toString("base64")]));
  }
}
