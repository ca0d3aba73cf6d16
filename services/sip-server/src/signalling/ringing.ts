import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import type { Destination, InviteOptions, InviteSession, SipEndpoint, SipResponse } from "@sidetone/sip";

/** One contact to ring: several for a DN that is registered from several phones. */
export interface RingTarget {
  readonly uri: string;
  readonly destination: Destination;
}

/** Why nobody answered: the status the caller is owed. */
export interface RingFailure {
  readonly status: number;
  readonly reason: string;
}

export interface RingingOptions {
  readonly endpoint: Pick<SipEndpoint, "invite">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly targets: readonly RingTarget[];
  /** Everything of the INVITE but where it goes. */
  readonly invite: Omit<InviteOptions, "uri" | "to">;
  readonly noAnswerTimeoutMs: number;
  onProgress(session: InviteSession, response: SipResponse, reliable: boolean): void;
  /** First answer wins; the other forks are cancelled before this is called. */
  onAnswered(session: InviteSession, response: SipResponse): void;
  onFailed(failure: RingFailure): void;
}

/** Rings every contact of the called party at once (RFC 3261 16.7 for choosing what to tell the caller). */
export class Ringing {
  readonly #options: RingingOptions;
  readonly #forks = new Set<InviteSession>();
  #failures: RingFailure[] = [];
  #done = false;
  #stopTimer: Cancel = () => undefined;

  constructor(options: RingingOptions) {
    this.#options = options;
  }

  /** True where only one phone rings, so that its early SDP is the only one. */
  get single(): boolean {
    return this.#options.targets.length === 1;
  }

  start(): void {
    const { endpoint, targets, invite, clock, noAnswerTimeoutMs } = this.#options;
    this.#stopTimer = clock.after(noAnswerTimeoutMs, () => this.#fail({ status: 480, reason: "No Answer" }));
    for (const target of targets) {
      const session = endpoint.invite({ ...invite, uri: target.uri, to: target.destination });
      this.#forks.add(session);
      session.on("progress", ({ response, reliable }) => {
        if (!this.#done) this.#options.onProgress(session, response, reliable);
      });
      session.on("accepted", (response) => this.#answered(session, response));
      session.on("rejected", (response) => this.#rejected(session, response));
    }
  }

  /** Stops ringing; the forks are cancelled. */
  cancel(): void {
    this.#finish(undefined);
  }

  #answered(session: InviteSession, response: SipResponse): void {
    if (this.#done) {
      // Its CANCEL crossed the answer.
      session.terminate();
      return;
    }
    this.#finish(session);
    this.#options.onAnswered(session, response);
  }

  #rejected(session: InviteSession, response: SipResponse): void {
    this.#forks.delete(session);
    if (this.#done) return;
    this.#failures.push({ status: response.status, reason: response.reason });
    if (response.status >= 600 || this.#forks.size === 0) this.#fail(bestFailure(this.#failures));
  }

  #fail(failure: RingFailure): void {
    if (this.#done) return;
    this.#finish(undefined);
    this.#options.onFailed(failure);
  }

  #finish(winner: InviteSession | undefined): void {
    if (this.#done) return;
    this.#done = true;
    this.#stopTimer();
    for (const fork of this.#forks) if (fork !== winner) fork.terminate();
    this.#forks.clear();
    this.#failures = [];
  }
}

/**
 * RFC 3261 16.7 step 6: a 6xx first, else the lowest class; inside 4xx, one that says what to do is preferred. A
 * challenge or redirection of a phone means nothing to our caller.
 */
export function bestFailure(failures: readonly RingFailure[]): RingFailure {
  const rank = ({ status }: RingFailure): number => {
    if (status >= 600) return 0;
    if (status === 486 || status === 603) return 1;
    if (status >= 500) return 4;
    if (status === 408 || status === 480) return 3;
    return 2;
  };
  const best = failures.toSorted((a, b) => rank(a) - rank(b))[0];
  if (best === undefined) return { status: 480, reason: "Temporarily Unavailable" };
  if (best.status < 400 || best.status === 401 || best.status === 407) {
    return { status: 480, reason: "Temporarily Unavailable" };
  }
  if (best.status === 503) return { status: 500, reason: "Called Party Unavailable" };
  return best;
}
