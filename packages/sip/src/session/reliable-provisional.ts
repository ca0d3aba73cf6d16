import type { Cancel, Clock } from "@sidetone/foundation";
import type { SipRequest } from "../message/index.ts";

/** A provisional response that waits for its PRACK, or for its turn. */
interface Waiting {
  readonly sequence: number;
  readonly send: () => void;
  readonly hasSdp: boolean;
}

/**
 * RFC 3262 3: reliable provisional responses of one INVITE, one outstanding at a time, repeated after T1 doubling
 * without a cap; 64*T1 without PRACK is a failure.
 */
export class ReliableProvisionals {
  readonly #clock: Clock;
  readonly #t1: number;
  readonly #failed: () => void;
  readonly #queue: Waiting[] = [];
  #nextSequence: number;
  #outstanding: Waiting | undefined;
  #cancels: Cancel[] = [];
  #idle: (() => void)[] = [];

  /** @param first RFC 3262 3: RSeq of the first one, 1 to 2^31 - 1. */
  constructor(clock: Clock, t1: number, first: number, failed: () => void) {
    this.#clock = clock;
    this.#t1 = t1;
    this.#nextSequence = first;
    this.#failed = failed;
  }

  /** `send` is called with the RSeq as soon as the one before is acknowledged, and for every repetition. */
  add(send: (sequence: number) => void, hasSdp: boolean): void {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    this.#queue.push({ sequence, hasSdp, send: () => send(sequence) });
    if (this.#outstanding === undefined) this.#sendNext();
  }

  /** RFC 3262 3: true where `prack` matches the outstanding response, which then is acknowledged; else 481 is owed. */
  acknowledge(prack: SipRequest, inviteSequence: number): boolean {
    const [sequence, cseq, method] = (prack.headers.get("RAck") ?? "")
      .trim()
      .split(" ")
      .filter((part) => part !== "");
    const current = this.#outstanding;
    if (current === undefined || sequence !== String(current.sequence)) return false;
    if (cseq !== String(inviteSequence) || method !== "INVITE") return false;
    this.#stopTimers();
    this.#outstanding = undefined;
    return true;
  }

  /** Sends what waited for the acknowledged one. */
  proceed(): void {
    this.#sendNext();
    if (this.#outstanding !== undefined) return;
    for (const run of this.#idle.splice(0)) run();
  }

  /** RFC 3262 3: a 2xx waits for the PRACK of a response with SDP. Runs `then` at once where nothing is outstanding. */
  whenClear(then: () => void): void {
    const waits = this.#outstanding?.hasSdp === true || this.#queue.some((w) => w.hasSdp);
    if (!waits) return then();
    this.#idle.push(then);
  }

  /** A final response was sent: nothing is repeated, but the PRACK on its way still finds what it acknowledges. */
  stop(): void {
    this.#stopTimers();
    this.#queue.length = 0;
    this.#idle.length = 0;
  }

  #sendNext(): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#outstanding = next;
    next.send();
    this.#repeatAfter(next, this.#t1);
    this.#cancels.push(
      this.#clock.after(64 * this.#t1, () => {
        this.stop();
        this.#failed();
      }),
    );
  }

  #repeatAfter(waiting: Waiting, ms: number): void {
    this.#cancels[0]?.();
    this.#cancels[0] = this.#clock.after(ms, () => {
      this.#repeatAfter(waiting, ms * 2);
      waiting.send();
    });
  }

  #stopTimers(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }
}
