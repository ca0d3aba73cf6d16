/** Preloaded into test processes: on SIGUSR2 it names what keeps the process alive, so that a leak is not just a hang. */
import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("SIGUSR2", () => {
    const counts = new Map<string, number>();
    for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    writeSync(
      2,
      `still open: ${Array.from(counts, ([kind, count]) => `${count} ${kind}`).join(", ") || "nothing that Node names"}\n`,
    );
  });
}
