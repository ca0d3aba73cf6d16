import { afterSilence, type Clock } from "@sidetone/foundation";
import type { InviteSession, NextHops, SipResponse } from "@sidetone/sip";
import { INVITE_ATTEMPT_MS, LEAST_ATTEMPT_MS, TRYING_MS } from "../limits.ts";
import { Redirects } from "./redirects.ts";
import { refusal } from "./recorder-words.ts";

/** Where one INVITE goes, and what of it is not as it was at first. */
export interface InviteWay {
  /** The Resource Manager. */
  readonly manager: string;
  /** `host:port` of a redirection, in place of the destination; undefined: the destination. */
  readonly redirectedTo: string | undefined;
  /** SRTP was offered and not wanted: it is left out. */
  readonly plain: boolean;
}

/** What an attempt is given. */
export interface RecordingInviteOptions {
  readonly clock: Clock;
  /** The Resource Managers, for all recordings together (R32): one that was silent is asked last by all. */
  readonly resourceManagers: NextHops;
  /** Sends it. */
  readonly send: (way: InviteWay) => InviteSession;
  /** True while the session is still the one that matters. */
  readonly isCurrent: (sip: InviteSession) => boolean;
  /** Forgets it: what becomes of it does not matter. */
  readonly drop: (sip: InviteSession) => void;
  /** How long all attempts together may still take, ms; undefined: as long as each needs. */
  readonly leftMs: () => number | undefined;
  /** SRTP may be left out where a recorder does not want it. */
  readonly mayBePlain: () => boolean;
  readonly accepted: (sip: InviteSession, response: SipResponse) => void;
  /** `response`: the recorder's, or the Resource Manager's, word; undefined where nobody said anything. */
  readonly refused: (reason: string, response: SipResponse | undefined) => void;
}

/**
 * One attempt to get a recorder: an INVITE through one Resource Manager after another while they are silent (R32), along
 * redirections (RFC 3261 8.1.3.4), without SRTP where that is optional and not wanted (488). All else that a recorder says
 * is a verdict.
 */
export class RecordingInvite {
  readonly #o: RecordingInviteOptions;
  readonly #redirects = new Redirects();
  /** Resource Managers that the same INVITE went to in vain. */
  readonly #tried = new Set<string>();
  #plain = false;
  #cancel: () => void = () => undefined;

  constructor(options: RecordingInviteOptions) {
    this.#o = options;
  }

  /** Begins an attempt. */
  begin(): void {
    this.#redirects.clear();
    this.#plain = false;
    this.#send();
  }

  /** Nothing of it is waited for any more. */
  stop(): void {
    this.#cancel();
  }

  #send(): void {
    const { clock, resourceManagers, send, isCurrent, drop, leftMs } = this.#o;
    const manager = resourceManagers.pick(this.#tried);
    this.#tried.add(manager);
    const sip = send({ manager, redirectedTo: this.#redirects.current, plain: this.#plain });
    const patience = Math.min(INVITE_ATTEMPT_MS, leftMs() ?? INVITE_ATTEMPT_MS);
    const leave = (what: string, ms: number): void => {
      if (!isCurrent(sip)) return;
      this.#cancel();
      drop(sip);
      // CANCEL; a 2xx that crosses it is ended by the SIP session itself.
      sip.terminate();
      this.#unanswered(manager, `recorder-no-answer (${what} within ${ms} ms, asked through ${manager})`);
    };
    const cancelFinal = afterSilence(clock, patience, () => leave("no final answer", patience));
    // Whoever is the last one has all the time there is.
    const cancelTrying = resourceManagers.another(this.#tried)
      ? afterSilence(clock, TRYING_MS, () => leave("no answer at all", TRYING_MS))
      : (): void => undefined;
    this.#cancel = () => {
      cancelFinal();
      cancelTrying();
    };
    const cancel = this.#cancel;
    sip.on("trying", cancelTrying);
    sip.on("progress", cancelTrying);
    sip.on("accepted", (response) => {
      cancel();
      if (!isCurrent(sip)) return;
      resourceManagers.answered(manager);
      this.#tried.clear();
      this.#o.accepted(sip, response);
    });
    sip.on("rejected", (response) => {
      cancel();
      if (!isCurrent(sip)) return;
      drop(sip);
      if (response.headers.has("X-Synthesised")) return this.#unanswered(manager, refusal(response));
      resourceManagers.answered(manager);
      this.#tried.clear();
      this.#refused(response);
    });
  }

  #refused(response: SipResponse): void {
    const inTime = this.#inTime();
    if (response.status === 488 && !this.#plain && this.#o.mayBePlain() && inTime) {
      this.#plain = true;
      return this.#send();
    }
    const redirects = response.status < 400 || this.#redirects.current !== undefined;
    if (redirects && inTime && this.#redirects.next(response)) return this.#send();
    this.#o.refused(refusal(response), response);
  }

  /** R32: a Resource Manager that does not answer is no verdict: the next one is asked, while there is time. */
  #unanswered(manager: string, reason: string): void {
    const { resourceManagers } = this.#o;
    resourceManagers.failed(manager);
    const another = resourceManagers.another(this.#tried);
    if (!another) this.#tried.clear();
    if (another && this.#inTime()) return this.#send();
    this.#o.refused(reason, undefined);
  }

  #inTime(): boolean {
    const left = this.#o.leftMs();
    return left === undefined || left >= LEAST_ATTEMPT_MS;
  }
}
