/**
 * Loaded by `NODE_OPTIONS=--expose-gc --import=...` into the processes of a leak test, never by the product itself:
 * on SIGUSR2 it collects garbage and writes what the process still holds to the file `SIDETONE_TEST_HELD`.
 */
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const target = process.env["SIDETONE_TEST_HELD"];

if (isMainThread && target !== undefined && process.argv[1]?.endsWith("/main.ts") === true) {
  process.on("SIGUSR2", () => {
    const collect = (globalThis as { gc?: () => void }).gc;
    // Several times: finalisers of one round free what the next one collects.
    for (let round = 0; round < 4; round += 1) collect?.();
    setImmediate(() => {
      collect?.();
      const memory = process.memoryUsage();
      const counts: Record<string, number> = {};
      for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
      const links = readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)];
        } catch {
          return [];
        }
      });
      writeFileSync(
        `${target}.${process.pid}`,
        JSON.stringify({
          at: performance.now(),
          heapUsed: memory.heapUsed,
          external: memory.external,
          arrayBuffers: memory.arrayBuffers,
          resources: counts,
          files: links.length,
          sockets: links.filter((link) => link.startsWith("socket:")).length,
        }),
      );
    });
  });
}
