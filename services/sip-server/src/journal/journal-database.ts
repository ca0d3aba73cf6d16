import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { maskSecrets } from "@sidetone/sip";
import Database from "better-sqlite3";
import { LINES_SHOWN, RELATED_CALLS, REMOVED_AT_ONCE } from "./limits.ts";
import type { Batch, CallName, CallRow, DialogRow, Found, FrameRow, GapRow } from "./wire.ts";

/** Of the file's shape; another one is begun anew: a journal is no truth that anything depends on. */
const VERSION = 1;

const schema = `
  create table frames (
    id integer primary key, at integer not null, direction text not null, transport text not null, local text not null,
    remote text not null, callId text not null, bytes integer not null, text text not null
  ) strict;
  create index frames_call on frames (callId, id);
  create table dialogs (
    callId text not null, callUuid text not null, kind text not null, dn text not null, at integer not null,
    primary key (callId, callUuid, dn)
  ) strict, without rowid;
  create index dialogs_call on dialogs (callUuid);
  create table calls (
    callUuid text primary key, connId text not null, previousConnId text, at integer not null, facts text not null
  ) strict;
  create index calls_conn on calls (connId);
  create index calls_previous on calls (previousConnId) where previousConnId is not null;
  create index calls_time on calls (at);
  create table gaps (at integer not null, until integer not null, dropped integer not null) strict;
`;

/** The file of SIP messages and of what calls they belong to. Blocks: lives in a thread of its own. */
export class JournalDatabase {
  readonly #db: Database.Database;
  readonly #frame: Database.Statement;
  readonly #dialog: Database.Statement;
  readonly #call: Database.Statement;
  readonly #gap: Database.Statement;

  /** @param file path, or `:memory:`. Throws where it cannot be used. */
  constructor(file: string) {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    this.#db = new Database(file, { timeout: 2000 });
    this.#db.pragma("journal_mode = WAL");
    // A crash of the machine may cost the last seconds of it, never the file.
    this.#db.pragma("synchronous = NORMAL");
    this.#prepareFile();
    this.#frame = this.#db.prepare(
      "insert into frames (at, direction, transport, local, remote, callId, bytes, text) values (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#dialog = this.#db.prepare(
      "insert into dialogs (callId, callUuid, kind, dn, at) values (?, ?, ?, ?, ?) on conflict do nothing",
    );
    this.#call = this.#db.prepare(`
      insert into calls (callUuid, connId, previousConnId, at, facts) values (?, ?, ?, ?, ?)
      on conflict do update set previousConnId = coalesce(excluded.previousConnId, previousConnId), facts = excluded.facts`);
    this.#gap = this.#db.prepare("insert into gaps (at, until, dropped) values (?, ?, ?)");
  }

  /** Keeps what happened, all of it or nothing; gives the bytes of it. */
  write({ frames, bytes, dialogs, calls, gap }: Batch): number {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let size = 0;
    this.#db.transaction(() => {
      for (const f of frames) {
        const text = maskSecrets(whole.toString("latin1", f.offset, f.offset + f.length));
        this.#frame.run(f.at, f.direction, f.transport, f.local, f.remote, f.callId, f.bytes, text);
        size += text.length;
      }
      for (const { callId, callUuid, kind, dn, at } of dialogs) this.#dialog.run(callId, callUuid, kind, dn, at);
      for (const c of calls) this.#call.run(c.callUuid, c.connId, c.previousConnId, c.at, c.facts);
      if (gap !== undefined) this.#gap.run(gap.from, gap.to, gap.dropped);
    })();
    return size;
  }

  /** A call, those that it is related to, and their messages. Undefined: there is no such call. */
  find(name: CallName): Found | undefined {
    const [key, value] = "callUuid" in name ? ["callUuid", name.callUuid] : ["connId", name.connId];
    const first = this.#db.prepare(`select * from calls where ${key} = ? order by at desc limit 1`).get(value) as
      | CallRow
      | undefined;
    if (first === undefined) return undefined;
    const calls = this.#related(first);
    const uuids = calls.map(({ callUuid }) => callUuid);
    const dialogs = this.#db
      .prepare(`select callId, callUuid, kind, dn, at from dialogs where callUuid in (${marks(uuids)}) order by at`)
      .all(...uuids) as DialogRow[];
    const callIds = Array.from(new Set(dialogs.map(({ callId }) => callId)));
    const frames = this.#db
      .prepare(`select * from frames where callId in (${marks(callIds)}) order by id limit ?`)
      .all(...callIds, LINES_SHOWN + 1) as FrameRow[];
    const [from, to] = [frames[0]?.at ?? first.at, frames.at(-1)?.at ?? first.at];
    const gaps = this.#db
      .prepare("select at as 'from', until as 'to', dropped from gaps where until >= ? and at <= ? order by at")
      .all(from, to) as GapRow[];
    return { calls, dialogs, frames: frames.slice(0, LINES_SHOWN), gaps, cut: frames.length > LINES_SHOWN };
  }

  /** Removes what is older, a part of it; gives the number of rows: call again until there are none. */
  removeBefore(at: number): number {
    const gone = this.#db
      .prepare("delete from frames where id in (select id from frames order by id limit ?) and at < ?")
      .run(REMOVED_AT_ONCE, at).changes;
    if (gone > 0) return gone;
    const calls = this.#db
      .prepare("delete from calls where callUuid in (select callUuid from calls where at < ? order by at limit ?)")
      .run(at, REMOVED_AT_ONCE).changes;
    if (calls > 0) return calls;
    this.#db.prepare("delete from gaps where until < ?").run(at);
    return this.#db.prepare("delete from dialogs where at < ?").run(at).changes;
  }

  /** Removes the oldest messages, a twentieth at most; gives their number. */
  removeOldest(): number {
    const { first, last } = this.#db.prepare("select min(id) as first, max(id) as last from frames").get() as {
      first: number | null;
      last: number | null;
    };
    if (first === null || last === null) return 0;
    const upTo = first + Math.min(REMOVED_AT_ONCE, Math.ceil((last - first) / 20));
    return this.#db.prepare("delete from frames where id <= ?").run(upTo).changes;
  }

  /** What is in use of the file, bytes. */
  get size(): number {
    const read = (name: string): number => Number(this.#db.pragma(name, { simple: true }));
    return (read("page_count") - read("freelist_count")) * read("page_size");
  }

  close(): void {
    this.#db.close();
  }

  /** Consultations of it, and the call that it was one of, and theirs. */
  #related(first: CallRow): CallRow[] {
    const found = new Map([[first.callUuid, first]]);
    const near = this.#db.prepare("select * from calls where connId = ? or previousConnId = ? order by at limit 20");
    for (const call of found.values()) {
      for (const one of near.all(call.previousConnId, call.connId) as CallRow[]) {
        if (found.size < RELATED_CALLS) found.set(one.callUuid, found.get(one.callUuid) ?? one);
      }
    }
    return Array.from(found.values());
  }

  #prepareFile(): void {
    const version = Number(this.#db.pragma("user_version", { simple: true }));
    if (version === VERSION) return;
    this.#db.transaction(() => {
      for (const table of ["frames", "dialogs", "calls", "gaps"]) this.#db.exec(`drop table if exists ${table}`);
      this.#db.exec(schema);
      this.#db.pragma(`user_version = ${VERSION}`);
    })();
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
