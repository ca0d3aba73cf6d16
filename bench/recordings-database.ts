import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { openSqliteIndex } from "../services/recorder/src/index/sqlite-index.ts";
import { rows } from "./recordings-rows.ts";

/**
 * An SQLite index of so many recordings of `recordings-rows.ts`; one that is there is used again, brought to the newest version.
 * Filled past the index itself, in the order in which a B-tree grows best and without waiting for the disk: minutes instead of half an hour.
 */
export async function recordingsDatabase(file: string, total: number): Promise<void> {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const draft = `${file}.draft`;
    for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(draft + end, { force: true });
    await (await openSqliteIndex(draft, 1)).close();
    fill(draft, total);
    renameSync(draft, file);
  }
  await (await openSqliteIndex(file)).close();
}

const INDEXES = ["recordings_by_start", "recordings_by_state", "recording_keys_by_id"];

function fill(file: string, total: number): void {
  const db = new Database(file);
  for (const pragma of ["journal_mode = DELETE", "synchronous = OFF", "cache_size = -2000000", "temp_store = FILE"])
    db.pragma(pragma);
  const made = db.prepare("select sql from sqlite_schema where name = ?").pluck();
  const indexes = INDEXES.map((name) => String(made.get(name)));
  for (const name of INDEXES) db.exec(`drop index ${name}`);
  db.exec("create table staged (kind text, value text, start_micros integer, id text)");
  const put = db.prepare(
    `insert into recordings (storage, id, start_micros, duration_ms, state, folder, generation, text, document)
      values (1, ?, ?, ?, ?, ?, 0, ?, ?)`,
  );
  const stage = db.prepare("insert into staged values (?, ?, ?, ?)");
  db.transaction(() => {
    let n = 0;
    for (const { document, folder, startMicros, keys, text } of rows(total)) {
      const { id, durationMs, state } = document;
      put.run(id, startMicros, durationMs, state, folder, text, JSON.stringify(document));
      for (const [kind, value] of keys) stage.run(kind, value.toLowerCase(), startMicros, id);
      if (++n % 100_000 === 0) console.log(`${n} recordings`);
    }
  })();
  db.exec(`insert or ignore into recording_keys (storage, kind, value, start_micros, id)
    select 1, kind, value, start_micros, id from staged order by 2, 3, 4, 5`);
  db.exec("drop table staged");
  for (const sql of indexes) db.exec(sql);
  db.close();
}
