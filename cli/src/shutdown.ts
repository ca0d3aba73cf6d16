import { type Clock, errorText, type Logger, type RunningRole } from "@sidetone/foundation";

/** All roles together must have stopped by then; ms. The contract allows 5 s. */
export const stopWithinMs = 4700;
/** A second signal this soon is the same Ctrl-C arriving by another way; ms. */
export const sameSignalMs = 1000;

/** Stops roles one after the other, the last started first. True where all have stopped in time. */
export async function stopRoles(roles: readonly RunningRole[], clock: Clock, log: Logger): Promise<boolean> {
  let open: string | undefined;
  let expired = false;
  let clean = true;
  const stopAll = async (): Promise<void> => {
    for (const role of roles.toReversed()) {
      open = role.role;
      const from = clock.now();
      try {
        await role.close();
        if (!expired) log.info({ role: role.role, ms: Math.round(clock.now() - from) }, "stopped");
      } catch (error) {
        clean = false;
        log.error({ role: role.role, err: error }, `did not stop cleanly: ${errorText(error)}`);
      }
    }
  };
  const deadline = new Promise<void>((resolve) => {
    const cancel = clock.after(stopWithinMs, () => {
      expired = true;
      log.error({ role: open }, "did not stop in time");
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
