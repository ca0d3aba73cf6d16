import { patternToGlob } from "@sidetone/config";
import Database from "better-sqlite3";
import type { ExpectedParty } from "./expected-party.ts";
import type { Judgement, Verdict } from "./judge.ts";
import { type Summary, summed } from "./summary.ts";

/** How far a SIP Server's ledger has been read. */
export interface LedgerPlace {
  readonly ledgerId: string;
  /** `next` of the last answer. */
  readonly after: number;
  /** Wall-clock microseconds of the last answer. */
  readonly readAt: number;
  /** Where that SIP Server stands (`geo-location`); undefined: it does not say. */
  readonly site?: string | undefined;
}

/** An expected party and what was found of it. */
export interface JudgedParty {
  readonly ledgerId: string;
  readonly sipServer: string;
  /** Its SIP Server's `geo-location`, where it says one; else its address. */
  readonly site: string;
  readonly party: ExpectedParty;
  /** Undefined: not looked at yet. */
  readonly judgement: Judgement | undefined;
}

/** Which parties are wanted; times are wall-clock microseconds of when they were to be recorded. */
export interface PartyFilter {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** One of these. */
  readonly verdicts?: readonly Verdict[] | undefined;
  readonly dn?: string | undefined;
  readonly callUuid?: string | undefined;
  /** As `reasonKey` gives it. */
  readonly reason?: string | undefined;
  readonly site?: string | undefined;
  /** Patterns of DNs (`70*`) that may be seen; undefined: all. */
  readonly dns?: readonly string[] | undefined;
}

/** By what numbers are grouped. */
export const groupings = ["day", "site", "dn"] as const;
export type Grouping = (typeof groupings)[number];

/** How many of a verdict there are in a group; of days: in a quarter of an hour, `key` being its beginning in wall-clock microseconds. */
export interface GroupCount {
  readonly key: string | number;
  readonly verdict: Verdict;
  readonly count: number;
}

/** Place of a party in lists, newest first. */
export interface PartyPlace {
  readonly from: number;
  readonly ledgerId: string;
  readonly line: number;
}

/** Expression of a party's group. Each offset of a zone is whole quarters of an hour. */
const groupKeys: Readonly<Record<Grouping, string>> = {
  day: "expected_from / 900000000 * 900000000",
  site: "coalesce(site, sip_server)",
  dn: "dn",
};

interface Stored {
  ledger: string;
  sip_server: string;
  site: string;
  party: string;
  judgement: string | null;
}

/**
 * What has been read of the ledgers and found of it, so that a restart goes on where it was and an answer is there while a SIP Server is away.
 * It can be made anew from ledgers and files: commits need not be on the disk when they return. Blocks: lives in a thread of its own.
 */
export class ReconciliationStore {
  readonly #db: Database.Database;

  /** @param file path, or `:memory:`. Throws where it cannot be opened. */
  constructor(file: string) {
    this.#db = new Database(file);
    this.#db.pragma("journal_mode = WAL");
    this.#db.pragma("synchronous = NORMAL");
    this.#db.exec(`
      create table if not exists ledgers (sip_server text primary key, ledger text not null, after integer not null, read_at integer not null) strict;
      create table if not exists parties (
        ledger text not null, line integer not null, sip_server text not null, call_uuid text not null, dn text not null,
        expected_from integer not null, verdict text not null, reason text not null, due_at integer, party text not null, judgement text,
        primary key (ledger, line)
      ) strict;
      create index if not exists parties_time on parties (expected_from desc, ledger desc, line desc);
      create index if not exists parties_verdict on parties (verdict, expected_from desc);
      create index if not exists parties_due on parties (due_at) where due_at is not null;
    `);
    const columns = this.#db.pragma("table_info(parties)") as { name: string }[];
    if (!columns.some(({ name }) => name === "site")) this.#db.exec("alter table parties add column site text");
  }

  /** How far a SIP Server's ledger has been read. */
  placeOf(sipServer: string): LedgerPlace | undefined {
    const found = this.#db.prepare("select ledger, after, read_at from ledgers where sip_server = ?").get(sipServer) as
      | { ledger: string; after: number; read_at: number }
      | undefined;
    return found === undefined ? undefined : { ledgerId: found.ledger, after: found.after, readAt: found.read_at };
  }

  /** Takes an answer of a SIP Server: lines that are new or have changed, to be judged at `dueAt`, and the place after them. */
  take(sipServer: string, place: LedgerPlace, parties: readonly ExpectedParty[], dueAt: number): void {
    const put = this.#db.prepare(`
      insert into parties (ledger, line, sip_server, call_uuid, dn, expected_from, verdict, reason, due_at, party, site)
      values (?, ?, ?, ?, ?, ?, 'pending', '', ?, ?, ?)
      on conflict (ledger, line) do update set party = excluded.party, due_at = excluded.due_at, expected_from = excluded.expected_from`);
    this.#db.transaction(() => {
      for (const party of parties)
        put.run(
          place.ledgerId,
          party.line,
          sipServer,
          party.callUuid,
          party.dn,
          party.from,
          dueAt,
          JSON.stringify(party),
          place.site ?? null,
        );
      this.#db
        .prepare(
          "insert into ledgers values (?, ?, ?, ?) on conflict do update set ledger = excluded.ledger, after = excluded.after, read_at = excluded.read_at",
        )
        .run(sipServer, place.ledgerId, place.after, place.readAt);
    })();
  }

  /** Those that are to be judged now, the longest due first. */
  due(now: number, limit: number): JudgedParty[] {
    return this.#read("where due_at <= ? order by due_at limit ?", [now, limit]);
  }

  /** The next ones to be looked at again, after a place, in no order that means anything. */
  next(after: { readonly ledgerId: string; readonly line: number }, limit: number): JudgedParty[] {
    const { ledgerId, line } = after;
    return this.#read(
      "where due_at is null and verdict <> 'pending' and (ledger, line) > (?, ?) order by ledger, line limit ?",
      [ledgerId, line, limit],
    );
  }

  /** Keeps what was found. `dueAt`: when to look again; undefined: in its turn. */
  judged(
    found: readonly { readonly of: JudgedParty; readonly judgement: Judgement; readonly dueAt: number | undefined }[],
  ): void {
    // A line that has changed meanwhile is due again: what was found is of the line as it was.
    const put = this.#db.prepare(
      "update parties set verdict = ?, reason = ?, judgement = ?, due_at = case when party = ? then ? else due_at end where ledger = ? and line = ?",
    );
    this.#db.transaction(() => {
      for (const { of, judgement, dueAt } of found)
        put.run(
          judgement.verdict,
          reasonKey(judgement),
          JSON.stringify(judgement),
          JSON.stringify(of.party),
          dueAt ?? null,
          of.ledgerId,
          of.party.line,
        );
    })();
  }

  /**
   * Forgets the oldest parties that began before an instant: what is still to be judged, or runs, stays.
   * @param limit most of them at once. Gives how many they were.
   */
  forget(before: number, limit: number): number {
    return this.#db
      .prepare(
        `delete from parties where rowid in (
          select rowid from parties where expected_from < ? and due_at is null and verdict <> 'pending' order by expected_from limit ?)`,
      )
      .run(before, limit).changes;
  }

  /** A page, newest first. */
  list(filter: PartyFilter, limit: number, after: PartyPlace | undefined): JudgedParty[] {
    const { where, values } = conditions(filter);
    if (after !== undefined) {
      where.push("(expected_from, ledger, line) < (?, ?, ?)");
      values.push(after.from, after.ledgerId, after.line);
    }
    const text = where.length === 0 ? "" : `where ${where.join(" and ")}`;
    return this.#read(`${text} order by expected_from desc, ledger desc, line desc limit ?`, [...values, limit]);
  }

  /** How many of each verdict and reason. */
  counts(filter: PartyFilter): { verdict: Verdict; reason: string; count: number }[] {
    const { where, values } = conditions(filter);
    const text = where.length === 0 ? "" : `where ${where.join(" and ")}`;
    return this.#db
      .prepare(
        `select verdict, reason, count(*) as count from parties ${text} group by verdict, reason order by count desc, reason`,
      )
      .all(...values) as { verdict: Verdict; reason: string; count: number }[];
  }

  /** The same by groups, of which days are those of a zone. */
  groups(filter: PartyFilter, by: Grouping, tz: string): Summary {
    const { where, values } = conditions(filter);
    const text = where.length === 0 ? "" : `where ${where.join(" and ")}`;
    const counts = this.#db
      .prepare(`select ${groupKeys[by]} as key, verdict, count(*) as count from parties ${text} group by 1, 2`)
      .all(...values) as GroupCount[];
    return summed(counts, by, tz);
  }

  close(): void {
    this.#db.close();
  }

  #read(rest: string, values: readonly (string | number)[]): JudgedParty[] {
    const rows = this.#db
      .prepare(`select ledger, sip_server, coalesce(site, sip_server) as site, party, judgement from parties ${rest}`)
      .all(...values) as Stored[];
    return rows.map((row) => ({
      ledgerId: row.ledger,
      sipServer: row.sip_server,
      site: row.site,
      party: JSON.parse(row.party) as ExpectedParty,
      judgement: row.judgement === null ? undefined : (JSON.parse(row.judgement) as Judgement),
    }));
  }
}

/** A reason without what differs from call to call: what stands before the first colon or bracket. */
export function reasonKey({ verdict, reason, policy }: Judgement): string {
  if (verdict === "by-policy") return policy ?? "";
  return reason === undefined ? "" : (reason.split(/[:(]/, 1)[0] ?? "").trim();
}

function conditions(filter: PartyFilter): { where: string[]; values: (string | number)[] } {
  const where: string[] = [];
  const values: (string | number)[] = [];
  const add = (text: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    where.push(text);
    values.push(value);
  };
  add("expected_from >= ?", filter.from);
  add("expected_from < ?", filter.to);
  add("dn = ?", filter.dn);
  add("call_uuid = ?", filter.callUuid);
  add("reason = ?", filter.reason);
  add("coalesce(site, sip_server) = ?", filter.site);
  const oneOf = (texts: readonly string[], condition: string): void => {
    where.push(texts.length === 0 ? "false" : `(${texts.map(() => condition).join(" or ")})`);
    values.push(...texts);
  };
  if (filter.verdicts !== undefined) oneOf(filter.verdicts, "verdict = ?");
  if (filter.dns !== undefined) oneOf(filter.dns.map(patternToGlob), "dn glob ?");
  return { where, values };
}
