import { type Clock, type Logger, rfc3339 } from "@sidetone/foundation";
import { LEDGER_PAGE, LEDGER_PAGES } from "../limits.ts";
import { type ExpectedParty, readLedgerLine } from "./expected-party.ts";
import type { GetJson } from "./get-json.ts";
import type { LedgerPlace } from "./reconciliation-store.ts";
import type { AsyncStore } from "./store-thread.ts";

/** How a SIP Server stands, as the API shows it. Times are RFC 3339. */
export interface LedgerState {
  readonly sipServer: string;
  readonly state: "up" | "away" | "not-asked-yet";
  /** Since when nothing is known of what it expects: the last time that it answered; null while it answers, or where it never has. */
  readonly unknownSince: string | null;
  /** What is wrong. */
  readonly problem: string | null;
}

/** Reads one SIP Server's ledger on and on, from where it was read to. */
export class LedgerFollower {
  readonly sipServer: string;
  readonly #get: GetJson;
  readonly #store: AsyncStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #place: LedgerPlace | undefined;
  #restored = false;
  #problem: string | undefined;
  #asked = false;

  constructor(o: { sipServer: string; get: GetJson; store: AsyncStore; clock: Clock; log: Logger }) {
    this.sipServer = o.sipServer;
    this.#get = o.get;
    this.#store = o.store;
    this.#clock = o.clock;
    this.#log = o.log;
  }

  state(): LedgerState {
    const problem = this.#problem ?? null;
    const since = this.#place === undefined ? null : rfc3339(this.#place.readAt);
    return {
      sipServer: this.sipServer,
      state: !this.#asked ? "not-asked-yet" : problem === null ? "up" : "away",
      unknownSince: problem === null ? null : since,
      problem,
    };
  }

  /** Wall-clock microseconds of the last answer; undefined where there was none. */
  get readAt(): number | undefined {
    return this.#place?.readAt;
  }

  /** Reads what has changed. Rejects only where the store does. */
  async poll(): Promise<void> {
    if (!this.#restored) this.#place = await this.#store.placeOf(this.sipServer);
    this.#restored = true;
    for (let page = 0; page < LEDGER_PAGES; page += 1) {
      const more = await this.#read();
      if (!more) return;
    }
  }

  async #read(): Promise<boolean> {
    const after = this.#place?.after ?? 0;
    const answer = await this.#get(`${this.sipServer}/api/v1/ledger/changes?after=${after}&limit=${LEDGER_PAGE}`);
    this.#asked = true;
    if (!answer.ok) return this.#away(answer.text, remedyOf(answer.status));
    const changes = readChanges(answer.body);
    if (changes === undefined)
      return this.#away("answers what is no ledger", "Name a Sidetone SIP Server's http address.");
    const { ledgerId, lines, next, more, site } = changes;
    if (this.#place !== undefined && this.#place.ledgerId !== ledgerId) {
      this.#log.warn(
        { sipServer: this.sipServer },
        "the SIP Server has another ledger than before: it is read from its beginning",
      );
      this.#place = { ledgerId, after: 0, readAt: this.#clock.wallMicros() };
      if (after > 0) return true;
    }
    if (this.#problem !== undefined) this.#log.info({ sipServer: this.sipServer }, "the ledger can be read again");
    this.#problem = undefined;
    const parties: ExpectedParty[] = [];
    for (const line of lines) {
      const read = readLedgerLine(line);
      if (read.ok) parties.push(read.value);
      else this.#log.warn({ sipServer: this.sipServer }, `the ledger has ${read.error}`);
    }
    const now = this.#clock.wallMicros();
    const place: LedgerPlace = { ledgerId, after: next, readAt: now, site };
    // Where nothing has changed a restart may well read from the place before.
    if (parties.length > 0 || next !== after) await this.#store.take(this.sipServer, place, parties, now);
    this.#place = place;
    return more;
  }

  #away(text: string, remedy: string): false {
    if (this.#problem === undefined) {
      const unknownSince = this.#place === undefined ? undefined : rfc3339(this.#place.readAt);
      this.#log.error(
        { alarm: "ledger-unreadable", sipServer: this.sipServer, unknownSince, remedy },
        `reconciliation: the ledger of ${this.sipServer} cannot be read: it ${text}; what should be recorded is unknown from now on`,
      );
    }
    this.#problem = `${text}. ${remedy}`;
    return false;
  }
}

function remedyOf(status: number | undefined): string {
  if (status === 401 || status === 403) return "Give the recorder the api-token of the SIP Server.";
  if (status === 404) return "Name the http address of a Sidetone SIP Server in recorder.reconciliation.sip-servers.";
  return "Look whether the SIP Server runs, and at recorder.reconciliation.sip-servers.";
}

function readChanges(
  body: unknown,
): { ledgerId: string; lines: readonly unknown[]; next: number; more: boolean; site: string | undefined } | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { ledgerId, ledger, next, more, site } = body as Readonly<Record<string, unknown>>;
  if (typeof ledgerId !== "string" || !Array.isArray(ledger) || typeof next !== "number") return undefined;
  const named = typeof site === "string" && site !== "" ? site : undefined;
  return { ledgerId, lines: ledger as readonly unknown[], next, more: more === true, site: named };
}
