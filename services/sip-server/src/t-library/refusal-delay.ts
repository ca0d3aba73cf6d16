import type { Clock } from "@sidetone/foundation";

/** Lets who guesses wait for the refusal; at the end of the server nobody waits on. */
export class RefusalDelay {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, or when the server ends. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(ms, end);
      this.#waiting.add(end);
    });
  }

  /** Ends every wait. Leaves no timer. */
  close(): void {
    for (const end of Array.from(this.#waiting)) end();
  }
}
