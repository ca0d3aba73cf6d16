import type { DnConfig } from "@sidetone/config";
import type { Logger } from "@sidetone/foundation";
import type { InviteSession, NameAddr, PendingInvite, SipResponse } from "@sidetone/sip";
import type { CallInput } from "../call-model/machine.ts";
import type { MediaPath } from "./media-path.ts";
import type { Callee } from "./media-path-options.ts";
import type { OriginStamp } from "./origin-stamp.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { type RingFailure, Ringing, type RingTarget } from "./ringing.ts";
import type { ServerContext } from "./server-context.ts";
import { TalkEvent } from "./talk-event.ts";

const SDP = "application/sdp";

/** A party to bring into a call that is up. */
export interface NewcomerOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  readonly path: MediaPath;
  readonly callee: Callee & { readonly config: DnConfig };
  readonly targets: readonly RingTarget[];
  /** Whom its phone is shown as the caller. */
  readonly from: NameAddr;
  readonly contactUser: string;
  /** Three or more will talk. */
  readonly mixed: boolean;
  /** The phone that it will talk to, where that is one. */
  readonly peer: PhoneLeg | undefined;
  readonly newStamp: () => OriginStamp;
  readonly apply: (input: CallInput) => void;
  /** An INVITE is on its way to its phone; over the trunk, where it is one. */
  readonly onRung: (session: InviteSession, trunk: string | undefined) => void;
  /** Its phone rings or answers: once, before the model hears of it. */
  readonly onReached: () => void;
  readonly onAnswered: (leg: PhoneLeg, response: SipResponse, target: RingTarget) => void;
  /** Before or after it was reached. */
  readonly onFailed: (failure: RingFailure) => void;
  /** The call does not want it any more, whether it was reached or not. */
  readonly onCancelled: () => void;
}

/** Rings a party that comes into a call which is up already: by a transfer, into a conference, or from a routing point. */
export class Newcomer {
  readonly #o: NewcomerOptions;
  readonly #talk = new TalkEvent();
  #ringing: Ringing | undefined;
  #reached = false;
  #over = false;

  constructor(o: NewcomerOptions) {
    this.#o = o;
  }

  async start(): Promise<void> {
    const { path, callee, mixed, peer } = this.#o;
    const place = await path.placeFor(callee, { mixed, peer });
    if (this.#over) return path.leaveUnanswered(callee.party);
    if (!place.ok) return this.#failed({ status: 503, reason: place.error });
    this.#ring(place.value);
  }

  /** It is not to come. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ringing?.cancel();
    this.#o.path.leaveUnanswered(this.#o.callee.party);
    this.#o.onCancelled();
  }

  /** Declines for its phone, by a client's word. */
  rejectByClient(): void {
    this.#ringing?.cancel();
    this.#failed({ status: 603, reason: "Declined" });
  }

  /** Tells its ringing phone to answer. False: it cannot be told. */
  answerByClient(): Promise<boolean> {
    return this.#ringing === undefined ? Promise.resolve(false) : this.#talk.send();
  }

  /** R33: the INVITEs that wait for an answer. */
  pending(): readonly PendingInvite[] {
    return this.#ringing?.pending() ?? [];
  }

  #ring(offer: Buffer): void {
    const { context, log, targets, callee, from, contactUser } = this.#o;
    const stamp = this.#o.newStamp();
    const ringing = new Ringing({
      endpoint: context.endpoint,
      clock: context.clock,
      log,
      targets,
      noAnswerTimeoutMs: context.config.options.noAnswerTimeoutMs,
      invite: { from, contactUser, headers: [], body: stamp.stamp(offer), contentType: SDP },
      onRung: (fork, { trunk }) => this.#o.onRung(fork, trunk),
      onProgress: (fork, response) => this.#progress(fork, response),
      onAnswered: (session, response, target) => {
        this.#over = true;
        this.#reach();
        this.#o.onAnswered({ party: callee.party, dn: callee.dn, session, stamp }, response, target);
      },
      onFailed: (failure) => this.#failed(failure),
    });
    this.#ringing = ringing;
    ringing.start();
  }

  #progress(fork: InviteSession, response: SipResponse): void {
    this.#talk.note(fork, response);
    if (response.status < 180) return;
    this.#reach();
    this.#o.apply({ kind: "party-ringing", party: this.#o.callee.party });
  }

  #reach(): void {
    if (this.#reached) return;
    this.#reached = true;
    this.#o.onReached();
  }

  #failed(failure: RingFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#o.path.leaveUnanswered(this.#o.callee.party);
    this.#o.onFailed(failure);
  }
}
