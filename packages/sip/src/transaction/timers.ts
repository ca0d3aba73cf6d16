import type { Cancel, Clock } from "@sidetone/foundation";
import type { TimerName } from "./fsm.ts";

/** The few timers one transaction runs at a time: two arrays instead of a map keep an idle transaction small. */
export class TransactionTimers {
  readonly #clock: Clock;
  readonly #names: TimerName[] = [];
  readonly #cancels: Cancel[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts a timer; one of this name that runs is replaced. */
  set(name: TimerName, ms: number, fire: (name: TimerName) => void): void {
    this.clear(name);
    this.#names.push(name);
    this.#cancels.push(
      this.#clock.after(ms, () => {
        this.#forget(name);
        fire(name);
      }),
    );
  }

  clear(name: TimerName): void {
    this.#forget(name)?.();
  }

  clearAll(): void {
    for (const cancel of this.#cancels) cancel();
    this.#names.length = 0;
    this.#cancels.length = 0;
  }

  #forget(name: TimerName): Cancel | undefined {
    const at = this.#names.indexOf(name);
    if (at === -1) return undefined;
    this.#names.splice(at, 1);
    return this.#cancels.splice(at, 1)[0];
  }
}
