import { type Cancel, type Clock, errorText, type Logger } from "@sidetone/foundation";
import { AUDITED_AT_ONCE, FORGOTTEN_AT_ONCE, JUDGED_AT_ONCE } from "../limits.ts";
import type { ExpectedParty } from "./expected-party.ts";
import type { Holders } from "./holdings.ts";
import { type Judgement, judge } from "./judge.ts";
import type { LedgerFollower, LedgerState } from "./ledger-follower.ts";
import type { JudgedParty } from "./reconciliation-store.ts";
import type { AsyncStore } from "./store-thread.ts";

/** Counts since the start. */
export interface ReconcilerCounts {
  /** Parties that were found missing or partial, and those of them that had been found whole before. */
  readonly found: number;
  readonly lostLater: number;
  /** Rounds that could not be finished. */
  readonly failedRounds: number;
}

/**
 * R34: follows the ledgers of all SIP Servers and judges every line against what is held, on and on: a line when it has changed and its call has
 * ended, and again in its turn, as files may be lost later.
 */
export class Reconciler {
  readonly #followers: readonly LedgerFollower[];
  readonly #store: AsyncStore;
  readonly #holders: Pick<Holders, "of">;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #silenceMs: number;
  readonly #keepMs: number;
  readonly #cancel: Cancel;
  #round: Promise<void> | undefined;
  #closed = false;
  #audited = { ledgerId: "", line: 0 };
  #found = 0;
  #lostLater = 0;
  #failedRounds = 0;
  #failing = false;

  constructor(o: {
    followers: readonly LedgerFollower[];
    store: AsyncStore;
    holders: Pick<Holders, "of">;
    clock: Clock;
    log: Logger;
    silenceMs: number;
    intervalMs: number;
    keepMs: number;
  }) {
    this.#followers = o.followers;
    this.#store = o.store;
    this.#holders = o.holders;
    this.#clock = o.clock;
    this.#log = o.log;
    this.#silenceMs = o.silenceMs;
    this.#keepMs = o.keepMs;
    this.#cancel = o.clock.every(o.intervalMs, () => void this.round());
  }

  get ledgers(): readonly LedgerState[] {
    return this.#followers.map((follower) => follower.state());
  }

  counts(): ReconcilerCounts {
    return { found: this.#found, lostLater: this.#lostLater, failedRounds: this.#failedRounds };
  }

  /** One look at everything; resolves when it is over. While one runs it is the same one. */
  round(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#round ??= this.#look()
      .then(() => {
        this.#failing = false;
      })
      .catch((error: unknown) => {
        this.#failedRounds += 1;
        if (!this.#failing && !this.#closed)
          this.#log.error({ err: error }, `reconciliation: a round could not be finished: ${errorText(error)}`);
        this.#failing = true;
      })
      .finally(() => {
        this.#round = undefined;
      });
    return this.#round;
  }

  /** Resolves when nothing runs any more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#round;
    await this.#store.close();
  }

  async #look(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.poll()));
    for (;;) {
      const due = await this.#store.due(this.#clock.wallMicros(), JUDGED_AT_ONCE);
      await this.#judge(due);
      if (due.length < JUDGED_AT_ONCE || this.#closed) break;
    }
    const again = await this.#store.next(this.#audited, AUDITED_AT_ONCE);
    const last = again.at(-1);
    this.#audited = last === undefined ? { ledgerId: "", line: 0 } : { ledgerId: last.ledgerId, line: last.party.line };
    await this.#judge(again);
    if (!this.#closed) await this.#store.forget(this.#clock.wallMicros() - this.#keepMs * 1000, FORGOTTEN_AT_ONCE);
  }

  async #judge(parties: readonly JudgedParty[]): Promise<void> {
    if (parties.length === 0 || this.#closed) return;
    const asked = parties.filter(({ party }) => hasEnded(party));
    const calls = new Set(asked.map(({ party }) => party.callUuid));
    const { byCall, unheard } = await this.#holders.of(Array.from(calls));
    const now = this.#clock.wallMicros();
    const found = parties.map((of) => {
      const held = byCall.get(of.party.callUuid) ?? [];
      const judgement = heardOut(of.party, judge(of.party, held, now, { silenceMs: this.#silenceMs }), unheard);
      this.#tell(of, judgement);
      return { of, judgement, dueAt: dueAt(of, judgement, now) };
    });
    await this.#store.judged(found);
  }

  #tell({ party, judgement: before }: JudgedParty, { verdict, reason }: Judgement): void {
    if (verdict === before?.verdict || (verdict !== "missing" && verdict !== "partial")) return;
    const { callUuid, connId, dn, recordingId } = party;
    this.#found += 1;
    const later = before?.verdict === "recorded";
    if (later) this.#lostLater += 1;
    const what = verdict === "missing" ? "is missing" : "is not whole";
    this.#log.error(
      { alarm: `recording-${verdict}`, callUuid, connId, dn, recordingId, reason },
      `reconciliation: a recording that should be there ${what}${later ? ", though it was" : ""}: ${reason ?? ""}`,
    );
  }
}

/** Nothing is called missing while somebody who may have it does not answer; of a call that has ended that is what is waited for. */
function heardOut(party: ExpectedParty, judgement: Judgement, unheard: readonly string[]): Judgement {
  const { verdict } = judgement;
  const waits = verdict === "pending" && hasEnded(party);
  if (unheard.length === 0 || !(waits || verdict === "missing" || verdict === "partial")) return judgement;
  return { ...judgement, verdict: "pending", reason: `unknown: ${unheard.join(", ")} does not answer` };
}

/** The party has left, or SIP Server lost sight of it. */
function hasEnded({ until, outcome }: ExpectedParty): boolean {
  return until !== undefined || outcome === "unknown";
}

/** When a party whose call has ended is looked at again; undefined: in its turn, or when its line changes. */
function dueAt({ party }: JudgedParty, { verdict }: Judgement, now: number): number | undefined {
  if (verdict !== "pending" || !hasEnded(party)) return undefined;
  const ageMs = (now - (party.until ?? party.from)) / 1000;
  return now + (ageMs < 10_000 ? 500 : ageMs < 60_000 ? 5000 : 15_000) * 1000;
}
