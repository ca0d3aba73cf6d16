import type { Cancel, Clock } from "@sidetone/foundation";

/**
 * RFC 3261 13.3.1.4: a 2xx to INVITE is repeated by its user, on reliable transports too, after T1 doubling to T2,
 * until ACK; after 64*T1 without it the dialog is to be ended.
 */
export class AcceptedResponse {
  #interval: number;
  #cancelRepeat: Cancel | undefined;
  #cancelGiveUp: Cancel | undefined;

  constructor(
    clock: Clock,
    timers: { readonly t1: number; readonly t2: number },
    repeat: () => void,
    giveUp: () => void,
  ) {
    this.#interval = timers.t1;
    const again = (): void => {
      this.#cancelRepeat = clock.after(this.#interval, () => {
        this.#interval = Math.min(this.#interval * 2, timers.t2);
        again();
        repeat();
      });
    };
    again();
    this.#cancelGiveUp = clock.after(64 * timers.t1, () => {
      this.stop();
      giveUp();
    });
  }

  /** ACK came, or nobody waits for it any more. */
  stop(): void {
    this.#cancelRepeat?.();
    this.#cancelGiveUp?.();
    this.#cancelRepeat = undefined;
    this.#cancelGiveUp = undefined;
  }

  get running(): boolean {
    return this.#cancelGiveUp !== undefined;
  }
}
