import { afterSilence, type Cancel, type Clock, SidetoneError } from "@sidetone/foundation";

/** How long a call waits for the disk, ms. */
export const STORAGE_PATIENCE_MS = 500;

/**
 * R17: a slow disk delays a call no longer than a slow Media Server.
 * @throws what `work` throws, or SidetoneError `storage-slow`
 */
export async function storedInTime<T>(clock: Clock, work: Promise<T>, what: string): Promise<T> {
  let cancel: Cancel = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = afterSilence(clock, STORAGE_PATIENCE_MS, () =>
      reject(
        new SidetoneError("storage-slow", `${what} is not on the disk after ${STORAGE_PATIENCE_MS} ms`, {
          remedy: "Check the disk that holds sip-server.storage.",
        }),
      ),
    );
  });
  return Promise.race([work, late]).finally(cancel);
}
