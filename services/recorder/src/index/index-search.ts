import { type Kysely, type RawBuilder, sql } from "kysely";
import { DRIVER_PROBE } from "../limits.ts";
import type { IndexTables } from "./index-tables.ts";
import { plainText } from "./plain-text.ts";
import type { RecordingQuery, SearchKey } from "./recording-row.ts";

type Condition = RawBuilder<boolean>;

/** How a database finds text anywhere in a recording's. */
export interface FreeText {
  /** True where `r.text` has it. @param text lower case */
  has(text: string): Condition;
  /**
   * A condition on `r` that finds a few candidates at once, by an index of the text; undefined where they would be too many, or too short a
   * text was given: then the rows are read in their order until a page is full.
   */
  candidates(db: Kysely<IndexTables>, text: string): Promise<Condition | undefined>;
}

/** A row as the search reads it. */
export interface FoundRow {
  readonly start_micros: number;
  readonly folder: string;
  readonly document: string;
  readonly text: string;
}

interface Key {
  readonly kind: string;
  readonly value: string;
}

/**
 * The rows of a page and one more where there is one. One condition leads: the rarest key, else few rows that have the text, else time.
 * A page is read in its order from the index of what leads, so that no search reads all rows that match.
 */
export async function searchRows(
  db: Kysely<IndexTables>,
  storage: number,
  freeText: FreeText,
  query: RecordingQuery,
): Promise<readonly FoundRow[]> {
  const keys = query.keys.map(([kind, value]) => keyOf(kind, value));
  const led = query.id === undefined ? await rarest(db, storage, keys) : undefined;
  const place = led === undefined ? "r" : "k";
  const start = sql.ref<number>(`${place}.start_micros`);
  const id = sql.ref<string>(`${place}.id`);
  const where: Condition[] = [sql<boolean>`${sql.ref(`${place}.storage`)} = ${storage}`];
  if (led !== undefined) {
    where.push(sql<boolean>`k.kind = ${led.key.kind}`, sql<boolean>`k.value = ${led.key.value}`);
    where.push(sql<boolean>`r.storage = k.storage`, sql<boolean>`r.id = k.id`);
  }
  if (query.id !== undefined) where.push(sql<boolean>`r.id = ${plainText(query.id)}`);
  if (query.fromMicros !== undefined) where.push(sql<boolean>`${start} >= ${query.fromMicros}`);
  if (query.toMicros !== undefined) where.push(sql<boolean>`${start} < ${query.toMicros}`);
  if (query.after !== undefined)
    where.push(sql<boolean>`(${start}, ${id}) < (${query.after.startMicros}, ${plainText(query.after.id)})`);
  if (query.minDurationMs !== undefined) where.push(sql<boolean>`r.duration_ms >= ${query.minDurationMs}`);
  if (query.maxDurationMs !== undefined) where.push(sql<boolean>`r.duration_ms <= ${query.maxDurationMs}`);
  if (query.state !== undefined) where.push(sql<boolean>`r.state = ${query.state}`);
  for (const key of keys) if (key !== led?.key) where.push(hasKey(storage, start, id, key));
  if (query.oneOf !== undefined) where.push(hasOneOf(storage, query.oneOf));
  if (query.q !== undefined && query.q !== "") {
    const text = plainText(query.q.toLowerCase());
    const alone = query.id === undefined && query.oneOf === undefined && (led === undefined || led.many);
    const few = alone ? await freeText.candidates(db, text) : undefined;
    if (few !== undefined) where.push(few);
    where.push(freeText.has(text));
  }
  const from = led === undefined ? sql`recordings r` : sql`recording_keys k cross join recordings r`;
  const found = await sql<FoundRow>`
    select r.start_micros, r.folder, r.document, r.text from ${from}
    where ${sql.join(where, sql` and `)}
    order by ${start} desc, ${id} desc limit ${query.limit + 1}`.execute(db);
  return found.rows;
}

function keyOf(kind: SearchKey, value: string): Key {
  return { kind: plainText(kind.toLowerCase()), value: plainText(value.toLowerCase()) };
}

/** The key that the fewest recordings have, as far as that is counted. */
async function rarest(
  db: Kysely<IndexTables>,
  storage: number,
  keys: readonly Key[],
): Promise<{ key: Key; many: boolean } | undefined> {
  let best: { key: Key; n: number } | undefined;
  for (const key of keys) {
    const found = await sql<{ n: number }>`select count(*) as n from (select 1 as one from recording_keys
      where storage = ${storage} and kind = ${key.kind} and value = ${key.value} limit ${DRIVER_PROBE}) as counted`.execute(
      db,
    );
    const n = found.rows[0]?.n ?? 0;
    if (best === undefined || n < best.n) best = { key, n };
  }
  return best === undefined ? undefined : { key: best.key, many: best.n >= DRIVER_PROBE };
}

function hasKey(storage: number, start: RawBuilder<number>, id: RawBuilder<string>, key: Key): Condition {
  return sql<boolean>`exists (select 1 from recording_keys x where x.storage = ${storage} and x.kind = ${key.kind}
    and x.value = ${key.value} and x.start_micros = ${start} and x.id = ${id})`;
}

function hasOneOf(storage: number, { kind, values }: NonNullable<RecordingQuery["oneOf"]>): Condition {
  const keys = values.map((value) => keyOf(kind, value));
  if (keys.length === 0) return sql<boolean>`1 = 0`;
  const wanted = sql.join(keys.map((key) => sql`${key.value}`));
  return sql<boolean>`r.id in (select x.id from recording_keys x where x.storage = ${storage}
    and x.kind = ${plainText(kind.toLowerCase())} and x.value in (${wanted}))`;
}
