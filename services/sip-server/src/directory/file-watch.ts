import { stat } from "node:fs/promises";
import type { Cancel, Clock } from "@sidetone/foundation";

/** How often the file is looked at, ms. It counts as changed when two looks in a row see the same new file: no half-written one is read. */
const LOOK_EVERY_MS = 1000;

/** Tells one state of a file from another; undefined where it is not there. */
export type FileStamp = (file: string) => Promise<string | undefined>;

/** By i-node, size and time: it follows symbolic links, so that a mounted configuration is seen to change as well. */
export const fileStamp: FileStamp = async (file) => {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
};

/**
 * Calls `changed` when the file is another one and has settled. It asks instead of listening: events of the file system
 * do not exist on every one, and name the place, not the file, where a file is replaced.
 */
export function watchFile(
  file: string,
  o: { readonly clock: Clock; readonly stamp?: FileStamp; readonly changed: () => void },
): Cancel {
  const stampOf = o.stamp ?? fileStamp;
  let known: string | undefined;
  let last: string | undefined;
  let begun = false;
  let looking = false;
  let stopped = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const now = await stampOf(file);
    looking = false;
    if (stopped) return;
    const settled = now === last;
    last = now;
    if (!begun) known = now;
    begun = true;
    // A file that is gone for a moment is being replaced.
    if (!settled || now === undefined || now === known) return;
    known = now;
    o.changed();
  };
  void look();
  const stop = o.clock.every(LOOK_EVERY_MS, () => void look());
  return () => {
    stopped = true;
    stop();
  };
}
