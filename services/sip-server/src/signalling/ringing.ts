import { afterSilence, type Cancel, type Clock, type Logger } from "@sidetone/foundation";
import type { InviteOptions, InviteSession, PendingInvite, SipEndpoint, SipResponse } from "@sidetone/sip";
import { type RingTarget, turnsOf } from "./ring-target.ts";

export type { RingTarget } from "./ring-target.ts";

/** How long a member of a hunt may say nothing at all to its INVITE, ms: the caller waits meanwhile. */
const SILENT_MEMBER_MS = 4000;

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
  /** An INVITE is on its way. */
  onRung(session: InviteSession, target: RingTarget): void;
  onProgress(session: InviteSession, response: SipResponse, reliable: boolean): void;
  /** First answer wins; the other forks are cancelled before this is called. */
  onAnswered(session: InviteSession, response: SipResponse, target: RingTarget): void;
  onFailed(failure: RingFailure): void;
}

/** An INVITE on its way. */
interface Fork {
  readonly target: RingTarget;
  readonly session: InviteSession;
  /** Ends the wait for its first word. */
  heard: Cancel;
}

/**
 * Rings the called party: every contact of a turn at once (RFC 3261 16.7 for choosing what to tell the caller), one turn
 * after the other where the members of the earlier ones are out of service or full. What a member says about the called
 * party - busy, unknown, declined - is the end of the hunt. So is early media: the caller's phone has its SDP then, and
 * RFC 3264 knows no other answer to the same offer.
 */
export class Ringing {
  readonly #options: RingingOptions;
  readonly #turns: readonly (readonly RingTarget[])[];
  readonly #forks = new Map<InviteSession, Fork>();
  #turn = 0;
  #failures: RingFailure[] = [];
  /** How many of the failures are those of earlier turns. */
  #earlier = 0;
  /** Whether a failure of the turn says that the next one is worth a try. */
  #hunting = true;
  #done = false;
  #stopTimer: Cancel = () => undefined;

  constructor(options: RingingOptions) {
    this.#options = options;
    this.#turns = turnsOf(options.targets);
  }

  /** True where only one phone rings, so that its early SDP is the only one. */
  get single(): boolean {
    return this.#turns[this.#turn]?.length === 1;
  }

  start(): void {
    const { clock, noAnswerTimeoutMs } = this.#options;
    this.#stopTimer = clock.after(noAnswerTimeoutMs, () => this.#fail({ status: 480, reason: "No Answer" }));
    this.#ringTurn();
  }

  /** R33: the INVITEs that wait for an answer. */
  pending(): readonly PendingInvite[] {
    return Array.from(this.#forks.keys()).flatMap((session) => session.pending() ?? []);
  }

  /** Stops ringing; the forks are cancelled. */
  cancel(): void {
    this.#finish(undefined);
  }

  #ringTurn(): void {
    for (const target of this.#turns[this.#turn] ?? []) this.#ring(target);
    if (this.#forks.size === 0) this.#turnOver();
  }

  #ring(target: RingTarget): void {
    const { endpoint, invite } = this.#options;
    const release = target.acquire?.();
    if (release === undefined && target.acquire !== undefined) {
      this.#failures.push({ status: 503, reason: "Trunk Full" });
      return;
    }
    const session = endpoint.invite({
      ...invite,
      uri: target.uri,
      to: target.destination,
      ...(target.credentials === undefined ? {} : { credentials: target.credentials }),
    });
    this.#options.onRung(session, target);
    if (release !== undefined) session.on("ended", release);
    const fork: Fork = { target, session, heard: this.#waitForWord(session, target) };
    this.#forks.set(session, fork);
    session.on("trying", () => fork.heard());
    session.on("progress", ({ response, reliable }) => {
      fork.heard();
      if (this.#done || !this.#forks.has(session)) return;
      if (response.body.length > 0 && this.single) this.#hunting = false;
      this.#options.onProgress(session, response, reliable);
    });
    session.on("accepted", (response) => this.#answered(fork, response));
    session.on("rejected", (response) => this.#rejected(fork, { status: response.status, reason: response.reason }));
  }

  /** Only a hunt gives up a silent member: a phone that rings alone has until the INVITE's own timeout. */
  #waitForWord(session: InviteSession, { turn }: RingTarget): Cancel {
    if (turn === undefined) return () => undefined;
    return afterSilence(this.#options.clock, SILENT_MEMBER_MS, () => {
      const fork = this.#forks.get(session);
      if (fork === undefined) return;
      this.#rejected(fork, { status: 408, reason: "Request Timeout" });
      session.terminate();
    });
  }

  #answered(fork: Fork, response: SipResponse): void {
    if (this.#done || !this.#forks.has(fork.session)) {
      // Its CANCEL crossed the answer.
      fork.session.terminate();
      return;
    }
    this.#finish(fork.session);
    this.#options.onAnswered(fork.session, response, fork.target);
  }

  #rejected(fork: Fork, failure: RingFailure): void {
    fork.heard();
    if (!this.#forks.delete(fork.session) || this.#done) return;
    this.#failures.push(failure);
    if (!saysMemberIsOut(failure.status)) this.#hunting = false;
    if (failure.status >= 600) this.#fail(bestFailure(this.#failures));
    else if (this.#forks.size === 0) this.#turnOver();
  }

  /** Nobody of this turn is left. */
  #turnOver(): void {
    // What is known of the called party counts more than that other members are out.
    if (!this.#hunting) return this.#fail(bestFailure(this.#failures.slice(this.#earlier)));
    if (this.#turn + 1 >= this.#turns.length) return this.#fail(bestFailure(this.#failures));
    const tried = this.#turns[this.#turn]?.map(({ trunk, uri }) => trunk ?? uri).join(" ");
    const { status, reason } = this.#failures.at(-1) ?? { status: 480, reason: "" };
    this.#options.log.warn({ tried, status, reason }, "a member of a group is out: the next one rings");
    this.#turn += 1;
    this.#earlier = this.#failures.length;
    this.#ringTurn();
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
    for (const { session, heard } of this.#forks.values()) {
      heard();
      if (session !== winner) session.terminate();
    }
    this.#forks.clear();
    this.#failures = [];
  }
}

/** Statuses that speak of the one who was asked, not of the called party: no answer, our password not taken, 5xx (503 too where it was never reached). */
function saysMemberIsOut(status: number): boolean {
  return status === 401 || status === 407 || status === 408 || (status >= 500 && status < 600);
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
