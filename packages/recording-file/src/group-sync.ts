import fs from "node:fs";
import koffi from "koffi";

/** Makes everything that was written durable. Throws what the system reports. */
export interface GroupSync {
  /** `syncfs`: one call for the whole file system; `fsync`: one per file. */
  readonly kind: "syncfs" | "fsync";
  /**
   * @param fds the open files that were written since the last call
   * @param directories paths of folders in which names are new since then
   */
  sync(fds: readonly number[], directories: readonly string[]): void;
  close(): void;
}

/** One fsync per file, and per folder with new names: works everywhere. */
export function fsyncEach(fsyncSync: (fd: number) => void = fs.fsyncSync): GroupSync {
  return {
    kind: "fsync",
    sync(fds, directories) {
      for (const fd of fds) fsyncSync(fd);
      for (const path of new Set(directories)) syncFolder(path, fsyncSync);
    },
    close: () => undefined,
  };
}

function syncFolder(path: string, fsyncSync: (fd: number) => void): void {
  const fd = fs.openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * One `syncfs(2)` for all files of the storage: a thousand recordings cost one journal commit. Linux only; `undefined` where libc has none.
 * Linux 5.8 and newer report a write-back error here; older kernels report it at fsync only.
 */
export function syncfsOf(directory: string): GroupSync | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const syncfs = koffi.load("libc.so.6").func("int syncfs(int)");
    const fd = fs.openSync(directory, "r");
    let open = true;
    return {
      kind: "syncfs",
      sync() {
        if (syncfs(fd) !== 0) throw new Error(`syncfs failed (errno ${koffi.errno()})`);
      },
      close() {
        if (open) fs.closeSync(fd);
        open = false;
      },
    };
  } catch {
    return undefined;
  }
}

/** The best way to sync that works here. */
export function createGroupSync(directory: string): GroupSync {
  return syncfsOf(directory) ?? fsyncEach();
}
