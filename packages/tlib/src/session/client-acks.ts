import type { Cancel, Clock } from "@sidetone/foundation";
import { ACK_MESSAGES, ACK_MS } from "./limits.ts";

/** tlib-wire.md "Session" 3, client side: when to acknowledge what has been processed. */
export class ClientAcks {
  readonly #clock: Clock;
  readonly #send: (seq: number) => void;
  #processed = 0;
  /** Highest seq acknowledged in this session. */
  #sent = 0;
  /** A lost connection may have carried an acknowledgement that never arrived. */
  #doubtful = false;
  #connected = false;
  #cancel: Cancel | undefined;

  /** @param send sends a SessionAck */
  constructor(clock: Clock, send: (seq: number) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** A connection is open, of a new session or of the one before. */
  connected(newSession: boolean): void {
    this.#connected = true;
    if (newSession) {
      this.#processed = 0;
      this.#sent = 0;
    }
    this.#doubtful = this.#sent > 0;
    if (this.#processed > 0) this.#soon();
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
    else this.#soon();
  }

  /** What a request that goes out now should acknowledge; undefined where nothing is new. */
  take(): number | undefined {
    if (this.#processed <= this.#sent) return undefined;
    this.#sent = this.#processed;
    this.#doubtful = false;
    this.#stop();
    return this.#sent;
  }

  /** Acknowledges now what is owed. */
  flush(): void {
    const seq = this.take();
    if (seq !== undefined) this.#send(seq);
  }

  #soon(): void {
    this.#cancel ??= this.#clock.after(ACK_MS, () => {
      this.#cancel = undefined;
      if (this.#doubtful) this.#sent = 0;
      this.flush();
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
