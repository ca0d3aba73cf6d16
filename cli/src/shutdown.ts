import { type Clock, errorText, type Logger, type RunningRole } from "@sidetone/foundation";

/** All roles together must have stopped by then; ms. The contract allows 5 s. */
export const stopWithinMs = 4700;
/** A second signal this soon is the same Ctrl-C arriving by another way; ms. */
export const sameSignalMs = 1000;

/**
 * A role that waits for peers who have vanished holds up the next one for this long; ms. SIP Server takes up to 3 s, a Media Server 2.4, a recorder
 * 1.5: one behind the other they would take longer than there is.
 */
export const holdUpMs = 1200;

/**
 * Stops roles, the last started first; the next one when the one before has stopped, or after `holdUpMs`. True where all have stopped in time.
 */
export async function stopRoles(roles: readonly RunningRole[], clock: Clock, log: Logger): Promise<boolean> {
  const open = new Set<string>();
  let expired = false;
  let clean = true;
  const stop = async (role: RunningRole): Promise<void> => {
    const from = clock.now();
    open.add(role.role);
    try {
      await role.close();
      if (!expired) log.info({ role: role.role, ms: Math.round(clock.now() - from) }, "stopped");
    } catch (error) {
      clean = false;
      log.error({ role: role.role, err: error }, `did not stop cleanly: ${errorText(error)}`);
    }
    open.delete(role.role);
  };
  const stopAll = async (): Promise<void> => {
    const stopping: Promise<void>[] = [];
    for (const role of roles.toReversed()) {
      const stopped = stop(role);
      stopping.push(stopped);
      await new Promise<void>((resolve) => {
        const cancel = clock.after(holdUpMs, resolve);
        void stopped.then(() => {
          cancel();
          resolve();
        });
      });
    }
    await Promise.all(stopping);
  };
  const deadline = new Promise<void>((resolve) => {
    const cancel = clock.after(stopWithinMs, () => {
      expired = true;
      for (const role of open) log.error({ role }, "did not stop in time");
      resolve();
    });
    void stopAll().then(() => {
      cancel();
      resolve();
    });
  });
  await deadline;
  return clean && !expired;
}

/** What a signal means. */
export type SignalMeaning = "stop" | "same" | "force";

/** Ctrl-C under npm arrives twice, so that only a second one after a while means that somebody lost patience. */
export class Signals {
  #firstAt: number | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  arrived(): SignalMeaning {
    if (this.#firstAt === undefined) {
      this.#firstAt = this.#clock.now();
      return "stop";
    }
    return this.#clock.now() - this.#firstAt < sameSignalMs ? "same" : "force";
  }
}
