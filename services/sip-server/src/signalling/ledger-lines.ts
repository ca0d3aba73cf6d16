import type { Logger } from "@sidetone/foundation";
import { errorText } from "@sidetone/foundation";
import type { Call } from "../call-model/call.ts";
import type { Ledger, LedgerKey } from "../ledger/index.ts";
import type { RecordingWish } from "../recording/policy.ts";
import type { LinesSnapshot } from "../restore/call-snapshot.ts";

/** R34: the lines of one recording, one for each party that should be recorded. */
export class LedgerLines {
  readonly #ledger: Pick<Ledger, "expect" | "resolve" | "update">;
  readonly #log: Logger;
  #keys: readonly LedgerKey[] = [];
  /** Parties that left before the end. */
  readonly #left = new Set<string>();
  /** What was said before there were lines. */
  #early: (() => void) | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #open = false;

  /** @param before R33: the lines of before the restart */
  constructor(ledger: Pick<Ledger, "expect" | "resolve" | "update">, log: Logger, before?: LinesSnapshot) {
    this.#ledger = ledger;
    this.#log = log;
    if (before === undefined) return;
    this.#keys = before.keys;
    for (const party of before.left) this.#left.add(party);
    this.#open = before.open;
  }

  snapshot(): LinesSnapshot {
    return { keys: this.#keys, left: Array.from(this.#left), open: this.#open };
  }

  /** Whether the party has a line. */
  has(party: string): boolean {
    return this.#keys.some((key) => key.party === party);
  }

  /** Whether there is any line. */
  get empty(): boolean {
    return this.#keys.length === 0;
  }

  /** R34: there is a line for which nothing has been said yet. */
  get open(): boolean {
    return this.#open;
  }

  /** One party left, the recording goes on without it. */
  leave(party: string, expectedUntil: number): void {
    for (const key of this.#keys) {
      if (key.party !== party || this.#left.has(party)) continue;
      this.#left.add(party);
      this.#later(this.#ledger.update(key, { expectedUntil }));
    }
  }

  /** Adds lines; resolves when every one is durable. */
  async expect(
    call: Call,
    wishes: readonly RecordingWish[],
    expectedFrom: number,
    recordingId: string | undefined,
  ): Promise<void> {
    const keys = wishes.map(({ dn, side, party }) => ({ callUuid: call.callUuid, dn, side, party }));
    this.#keys = [...this.#keys, ...keys];
    this.#open = true;
    await Promise.all(
      wishes.map(({ dn, side, party, cause }) =>
        this.#ledger.expect({
          callUuid: call.callUuid,
          connId: call.connId,
          dn,
          side,
          party,
          cause,
          expectedFrom,
          recordingId,
        }),
      ),
    );
    this.#early?.();
    this.#early = undefined;
  }

  /** What became of the recording, for every party that has a line. */
  resolve(
    outcome: "recorded" | "partial" | "not-recorded",
    reason: string | undefined,
    recordingId: string | undefined,
    policy?: string,
  ): void {
    if (this.#keys.length === 0) this.#early = () => this.resolve(outcome, reason, recordingId, policy);
    else this.#open = false;
    const facts = {
      ...(recordingId === undefined ? {} : { recordingId }),
      ...(policy === undefined ? {} : { policy }),
    };
    for (const key of this.#keys) {
      this.#later(
        outcome === "recorded"
          ? this.#ledger.resolve(key, { outcome, ...facts })
          : this.#ledger.resolve(key, { outcome, reason: reason ?? "unknown", ...facts }),
      );
    }
  }

  /** The parties left; or, by a policy, are not to be recorded any longer. */
  until(expectedUntil: number, policy?: string): void {
    const facts = { expectedUntil, ...(policy === undefined ? {} : { policy }) };
    for (const key of this.#keys) if (!this.#left.has(key.party ?? "")) this.#later(this.#ledger.update(key, facts));
  }

  /** Resolves when what was said is written. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #later(work: Promise<void>): void {
    const logged = work.catch((error: unknown) =>
      this.#log.error({ error: errorText(error) }, "the ledger could not be written"),
    );
    this.#work = Promise.all([this.#work, logged]);
  }
}
