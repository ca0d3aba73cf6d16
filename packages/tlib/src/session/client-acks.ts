import type { Cancel, Clock } from "@sidetone/foundation";
import { ACK_MESSAGES, ACK_MS } from "./limits.ts";

/** tlib-wire.md "Session" 3, client side: when to acknowledge what has been processed. */
export class ClientAcks {
  readonly #clock: Clock;
  readonly #send: (seq: number) => void;
  #processed = 0;
  /** Highest seq acknowledged on this connection; what a lost connection carried may not have arrived. */
  #sent = 0;
  #connected = false;
  #cancel: Cancel | undefined;

  /** @param send sends a SessionAck */
  constructor(clock: Clock, send: (seq: number) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** A connection is open. `seq`: what of this session has been processed, where it is a new one 0. */
  connected(newSession: boolean): void {
    if (newSession) this.#processed = 0;
    this.#sent = 0;
    this.#connected = true;
    if (this.#processed > 0) this.flush();
  }

  /** The connection is gone. */
  disconnected(): void {
    this.#connected = false;
    this.#stop();
  }

  /** Every message up to `seq` has been processed. */
  processed(seq: number): void {
    if (seq <= this.#processed) return;
    this.#processed = seq;
    if (!this.#connected) return;
    if (seq - this.#sent >= ACK_MESSAGES) this.flush();
    else
      this.#cancel ??= this.#clock.after(ACK_MS, () => {
        this.#cancel = undefined;
        this.flush();
      });
  }

  /** What a request that goes out now should acknowledge; undefined where nothing is new. */
  take(): number | undefined {
    if (this.#processed <= this.#sent) return undefined;
    this.#sent = this.#processed;
    this.#stop();
    return this.#sent;
  }

  /** Acknowledges now what is owed. */
  flush(): void {
    const seq = this.take();
    if (seq !== undefined) this.#send(seq);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
