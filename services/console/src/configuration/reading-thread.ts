import { type Async, openObjects } from "@sidetone/worker-calls";
import type { ConfigReader } from "./config-reader.ts";

/**
 * Does something with a reader of the configuration in a thread that lives as long; one after the other, since each may need much memory.
 * Gives the function that does it.
 */
export function readingThread(file: string): <T>(use: (reader: Async<ConfigReader>) => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (use) => {
    const mine = last.then(async () => {
      const worker = new URL("./config-worker.ts", import.meta.url);
      const thread = await openObjects<{ readonly reader: ConfigReader }>({
        worker,
        data: file,
        name: "console-config",
      });
      try {
        return await use(thread.objects.reader);
      } finally {
        await thread.close();
      }
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}
