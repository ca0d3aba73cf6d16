import { type Kysely, sql } from "kysely";
import { LAST_CHARACTER } from "./dn-scope.ts";
import type { IndexTables } from "./index-tables.ts";
import { plainText } from "./plain-text.ts";

/** Different values of a key, each found by one look into the index: the next one after the last. */
export async function valuesOf(
  db: Kysely<IndexTables>,
  storage: number,
  { kind, prefix, limit }: { readonly kind: string; readonly prefix: string; readonly limit: number },
): Promise<readonly string[]> {
  const [name, start] = [plainText(kind.toLowerCase()), plainText(prefix.toLowerCase())];
  const values: string[] = [];
  for (let last: string | undefined; values.length < limit; ) {
    const beyond = last === undefined ? sql`value >= ${start}` : sql`value > ${last}`;
    const found = await sql<{ value: string }>`select value from recording_keys
      where storage = ${storage} and kind = ${name} and ${beyond} and value <= ${start + LAST_CHARACTER}
      order by value limit 1`.execute(db);
    last = found.rows[0]?.value;
    if (last === undefined) break;
    values.push(last);
  }
  return values;
}
