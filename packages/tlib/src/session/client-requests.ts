import type { Cancel, Clock } from "@sidetone/foundation";
import type { RequestName } from "../schema/requests.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Why a request has no response: it may have run, or it certainly has not. */
export type RequestLoss = "OutcomeUnknown" | "NotSent";

/** A request that has no response yet. */
export interface PendingRequest {
  readonly referenceId: number;
  readonly message: RequestName;
  /** JSON of the attributes, ReferenceID included. */
  readonly attributes: string;
  /** It has been given to a connection at least once. */
  sent: boolean;
}

/** How fast a client sends by itself; below what the server allows, since a network bunches what was sent evenly. */
export interface ClientPace {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
}

/** tlib-wire.md "Session" 6, client side: the counter, the requests without a response, and the pace at which they leave. */
export class ClientRequests {
  readonly #clock: Clock;
  readonly #write: (request: PendingRequest) => void;
  readonly #bucket: TokenBucket | undefined;
  readonly #pending = new Map<number, PendingRequest>();
  /** Not sent on this connection, in the order of their ReferenceIDs. */
  #waiting: PendingRequest[] = [];
  #connected = false;
  #maxInFlight = 1;
  #lastReferenceId = 0;
  #cancel: Cancel | undefined;

  /** @param pace undefined: as fast as they come, and TooManyRequests is the caller's business */
  constructor(clock: Clock, pace: ClientPace | undefined, write: (request: PendingRequest) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#bucket = pace && new TokenBucket(pace.requestsPerSecond, pace.requestBurst, clock.now());
  }

  /** Requests without a response. */
  get count(): number {
    return this.#pending.size;
  }

  /** The ReferenceID of the next request. */
  get nextReferenceId(): number {
    return this.#lastReferenceId + 1;
  }

  /** Adds a request and sends it as soon as it may go. */
  add(message: RequestName, attributes: string): void {
    this.#lastReferenceId += 1;
    const request = { referenceId: this.#lastReferenceId, message, attributes, sent: false };
    this.#pending.set(request.referenceId, request);
    this.#waiting.push(request);
    this.#pump();
  }

  /** Its response has come. False: none was awaited. */
  answered(referenceId: number): boolean {
    if (!this.#pending.delete(referenceId)) return false;
    this.#pump();
    return true;
  }

  /** "Session" 6: after a resume what the server has not accepted goes again, and only that. */
  resumed(lastReferenceId: number, maxInFlight: number): void {
    this.#waiting = Array.from(this.#pending.values()).filter((request) => request.referenceId > lastReferenceId);
    this.#start(maxInFlight);
  }

  /** A new session. After a reset (`hadSession`) all are returned and forgotten: none is ever sent again by itself. */
  renewed(hadSession: boolean, maxInFlight: number): readonly PendingRequest[] {
    const lost = hadSession ? this.clear() : [];
    this.#start(maxInFlight);
    return lost;
  }

  /** The connection is gone: nothing leaves until the next. */
  disconnected(): void {
    this.#connected = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Forgets all requests and returns them. */
  clear(): readonly PendingRequest[] {
    const all = Array.from(this.#pending.values());
    this.#pending.clear();
    this.#waiting = [];
    return all;
  }

  #start(maxInFlight: number): void {
    this.#connected = true;
    this.#maxInFlight = maxInFlight;
    this.#pump();
  }

  #pump(): void {
    while (this.#connected && this.#waiting.length > 0) {
      const inFlight = this.#pending.size - this.#waiting.length;
      if (inFlight >= this.#maxInFlight) return;
      if (this.#bucket !== undefined && !this.#bucket.take(this.#clock.now())) {
        this.#cancel ??= this.#clock.after(this.#bucket.waitMs(this.#clock.now()), () => {
          this.#cancel = undefined;
          this.#pump();
        });
        return;
      }
      const request = this.#waiting.shift();
      if (request === undefined) return;
      request.sent = true;
      this.#write(request);
    }
  }
}
