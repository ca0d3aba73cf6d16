import { type Kysely, type RawBuilder, sql } from "kysely";
import { DRIVER_PROBE, SCOPE_FEW } from "../limits.ts";
import { fits, hasScope } from "./dn-scope.ts";
import type { IndexTables } from "./index-tables.ts";
import { plainText } from "./plain-text.ts";
import type { RecordingQuery, SearchKey } from "./recording-row.ts";

type Condition = RawBuilder<boolean>;

/** How a database finds text anywhere in a recording's. */
export interface FreeText {
  /** True where `r.text` has it. @param text lower case */
  has(text: string): Condition;
  /**
   * The rows that may have the text, by an index of the text; undefined where they would be too many, or too short a text was given: then the
   * rows are read in their order until a page is full.
   */
  candidates(db: Kysely<IndexTables>, text: string): Promise<TextCandidates | undefined>;
}

/** Rows that may have a text. */
export interface TextCandidates {
  /** Where they are few: a table to read before `r`. */
  readonly from?: RawBuilder<unknown>;
  /** True where `r` is one of them. */
  readonly is: Condition;
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

/** What leads a search: the table that is read first, in the order of a page. */
export interface Lead {
  /** Tables that are joined, in this order. */
  readonly from: RawBuilder<unknown>;
  /** The first of them alone. */
  readonly alone: RawBuilder<unknown>;
  readonly start: RawBuilder<number>;
  readonly id: RawBuilder<string>;
  /** What holds of it alone: its key, and times. */
  readonly bounds: readonly Condition[];
  /** What ties the tables together. */
  readonly ties: readonly Condition[];
  readonly key?: Key;
  /** All of its rows are in the scope. */
  readonly scoped?: boolean;
  /** So few rows that all of them can be read and sorted. */
  readonly few: boolean;
}

type Searched = Omit<RecordingQuery, "limit">;

/**
 * The rows of a page and one more where there is one. One condition leads: the rarest key, else few rows that have the text, else few that the
 * visitor may see, else time. A page is read in its order from the index of what leads, so that no search reads all rows that match.
 */
export async function searchRows(
  db: Kysely<IndexTables>,
  storage: number,
  freeText: FreeText,
  query: RecordingQuery,
): Promise<readonly FoundRow[]> {
  const lead = await leadOf(db, storage, freeText, query);
  const found = await sql<FoundRow>`
    select r.start_micros, r.folder, r.document, r.text from ${lead.from}
    where ${sql.join(conditionsOf(storage, freeText, query, lead), sql` and `)}
    order by ${lead.start} desc, ${lead.id} desc limit ${query.limit + 1}`.execute(db);
  return found.rows;
}

/** Chooses what leads. */
export async function leadOf(
  db: Kysely<IndexTables>,
  storage: number,
  freeText: FreeText,
  query: Searched,
): Promise<Lead> {
  const byTime = (few: boolean): Lead => ({
    ...ordered("r", query),
    from: sql`recordings r`,
    alone: sql`recordings r`,
    ties: [],
    few,
    bounds: [sql<boolean>`r.storage = ${storage}`, ...ordered("r", query).bounds],
  });
  if (query.id !== undefined || query.scope?.length === 0) return byTime(true);
  const rare = await rarest(
    db,
    storage,
    query.keys.map(([kind, value]) => keyOf(kind, value)),
  );
  const few = (rare !== undefined && !rare.many) || query.oneOf !== undefined;
  const asked = !few && query.q !== undefined && query.q !== "";
  const text = asked ? await freeText.candidates(db, plainText(query.q?.toLowerCase() ?? "")) : undefined;
  const own = [sql<boolean>`r.storage = ${storage}`, ...ordered("r", query).bounds];
  if (text?.from !== undefined) {
    const from = sql`${text.from} cross join recordings r`;
    return { ...ordered("r", query), from, alone: from, bounds: own, ties: [text.is], few: true };
  }
  const more = text === undefined ? [] : [text.is];
  const seen = few ? undefined : await seenFew(db, storage, query);
  if (seen !== undefined) return { ...seen, ties: [...seen.ties, ...more] };
  if (rare === undefined) return { ...byTime(few), ties: more };
  const { start, id, bounds } = ordered("k", query);
  const { kind, value } = rare.key;
  return {
    from: sql`recording_keys k cross join recordings r`,
    alone: sql`recording_keys k`,
    start,
    id,
    bounds: [
      sql<boolean>`k.storage = ${storage}`,
      sql<boolean>`k.kind = ${kind}`,
      sql<boolean>`k.value = ${value}`,
      ...bounds,
    ],
    ties: [sql<boolean>`r.storage = k.storage`, sql<boolean>`r.id = k.id`, ...more],
    key: rare.key,
    few: !rare.many,
  };
}

/** The recordings of the DNs that the visitor may see, where they are few. */
async function seenFew(db: Kysely<IndexTables>, storage: number, query: Searched): Promise<Lead | undefined> {
  const { scope } = query;
  // A pattern that begins with a star has no place in an index.
  if (scope === undefined || scope.some((pattern) => pattern.startsWith("*"))) return undefined;
  const all = (columns: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql.join(
      scope.map(
        (pattern) => sql`select ${columns} from recording_keys x
          where x.storage = ${storage} and x.kind = 'dn' and ${fits(pattern)}`,
      ),
      sql` union all `,
    );
  const probe = await sql<{ n: number }>`select count(*) as n from
    (select one from (${all(sql`1 as one`)}) as each_one limit ${SCOPE_FEW}) as counted`.execute(db);
  if ((probe.rows[0]?.n ?? 0) >= SCOPE_FEW) return undefined;
  // In the order of the page already, which SQLite keeps where there is a limit: the rows themselves are read until the page is full.
  const from = sql`(select distinct start_micros, id from (${all(sql`x.start_micros, x.id`)}) as every_one
    order by start_micros desc, id desc limit ${2 * SCOPE_FEW}) as s cross join recordings r`;
  const ties = [sql<boolean>`r.storage = ${storage}`, sql<boolean>`r.id = s.id`];
  const { start, id, bounds } = ordered("s", query);
  return { from, alone: from, start, id, bounds, ties, few: true, scoped: true };
}

function ordered(place: "r" | "k" | "s", query: Searched): Pick<Lead, "start" | "id" | "bounds"> {
  const start = sql.ref<number>(`${place}.start_micros`);
  const id = sql.ref<string>(`${place}.id`);
  const bounds: Condition[] = [];
  if (query.fromMicros !== undefined) bounds.push(sql<boolean>`${start} >= ${query.fromMicros}`);
  if (query.toMicros !== undefined) bounds.push(sql<boolean>`${start} < ${query.toMicros}`);
  if (query.after !== undefined)
    bounds.push(sql<boolean>`(${start}, ${id}) < (${query.after.startMicros}, ${plainText(query.after.id)})`);
  return { start, id, bounds };
}

/** Everything that must hold of a hit. */
export function conditionsOf(storage: number, freeText: FreeText, query: Searched, lead: Lead): Condition[] {
  const where: Condition[] = [...lead.bounds, ...lead.ties];
  if (query.id !== undefined) where.push(sql<boolean>`r.id = ${plainText(query.id)}`);
  if (query.minDurationMs !== undefined) where.push(sql<boolean>`r.duration_ms >= ${query.minDurationMs}`);
  if (query.maxDurationMs !== undefined) where.push(sql<boolean>`r.duration_ms <= ${query.maxDurationMs}`);
  if (query.state !== undefined) where.push(sql<boolean>`r.state = ${query.state}`);
  for (const [kind, value] of query.keys) {
    const key = keyOf(kind, value);
    if (key.kind !== lead.key?.kind || key.value !== lead.key.value) where.push(hasKey(storage, lead, key));
  }
  if (query.oneOf !== undefined) where.push(hasOneOf(storage, query.oneOf));
  if (query.scope !== undefined && lead.scoped !== true) where.push(hasScope(storage, query.scope));
  if (query.q !== undefined && query.q !== "") where.push(freeText.has(plainText(query.q.toLowerCase())));
  return where;
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

/** Looked for beside its neighbours in time, which are read anyway, not by the id (hence the ||), which is anywhere in its index. */
function hasKey(storage: number, { start, id }: Pick<Lead, "start" | "id">, key: Key): Condition {
  return sql<boolean>`exists (select 1 from recording_keys x where x.storage = ${storage} and x.kind = ${key.kind}
    and x.value = ${key.value} and x.start_micros = ${start} and x.id || '' = ${id})`;
}

function hasOneOf(storage: number, { kind, values }: NonNullable<RecordingQuery["oneOf"]>): Condition {
  const keys = values.map((value) => keyOf(kind, value));
  if (keys.length === 0) return sql<boolean>`1 = 0`;
  const wanted = sql.join(keys.map((key) => sql`${key.value}`));
  return sql<boolean>`r.id in (select x.id from recording_keys x where x.storage = ${storage}
    and x.kind = ${plainText(kind.toLowerCase())} and x.value in (${wanted}))`;
}
