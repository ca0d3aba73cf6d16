import { type Kysely, sql } from "kysely";
import { plainText } from "./plain-text.ts";
import { type FreeText, conditionsOf, leadOf } from "./index-search.ts";
import type { IndexTables } from "./index-tables.ts";
import type { CountedHits, CountQuery, HitBlock, RecordingPlace } from "./recording-row.ts";

interface Place {
  readonly start_micros: number;
  readonly id: string;
}

/**
 * A part of the hits of a search. Where they are few, all; else those among the next rows of what leads the search: the end of the part is
 * found in its index first, then only hits are read that stand before it.
 */
export async function countedHits(
  db: Kysely<IndexTables>,
  storage: number,
  freeText: FreeText,
  query: CountQuery,
): Promise<CountedHits> {
  const lead = await leadOf(db, storage, freeText, query);
  const order = sql`order by ${lead.start} desc, ${lead.id} desc`;
  let end: Place | undefined;
  if (!lead.few) {
    const where = sql.join(lead.bounds, sql` and `);
    const found = await sql<Place>`select ${lead.start} as start_micros, ${lead.id} as id from ${lead.alone}
      where ${where} ${order} limit 1 offset ${query.examine - 1}`.execute(db);
    end = found.rows[0];
  }
  const where = conditionsOf(storage, freeText, query, lead);
  if (end !== undefined)
    where.push(sql<boolean>`(${lead.start}, ${lead.id}) >= (${end.start_micros}, ${plainText(end.id)})`);
  const found = await sql<Place>`select ${lead.start} as start_micros, ${lead.id} as id from ${lead.from}
    where ${sql.join(where, sql` and `)} ${order}`.execute(db);
  return {
    blocks: blocksOf(found.rows, query.every, query.after),
    next: end === undefined ? undefined : { startMicros: end.start_micros, id: end.id },
  };
}

/** Every so many hits; the last block may be smaller. */
function blocksOf(hits: readonly Place[], every: number, after: RecordingPlace | undefined): HitBlock[] {
  const blocks: HitBlock[] = [];
  for (let at = 0; at < hits.length; at += every) {
    const before = hits[at - 1];
    const place = before === undefined ? after : { startMicros: before.start_micros, id: before.id };
    blocks.push({ after: place, size: Math.min(every, hits.length - at) });
  }
  return blocks;
}
