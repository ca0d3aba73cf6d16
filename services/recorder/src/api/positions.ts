import type { Clock } from "@sidetone/foundation";
import { BLOCK_DEFAULT, COUNT_BLOCKS, COUNT_GO_MS, COUNT_MS, COUNT_ROWS_FIRST, COUNT_ROWS_MAX } from "../limits.ts";
import type { HitBlock, RecordingIndex, RecordingPlace, RecordingQuery } from "../index/recording-row.ts";
import { formatCursor } from "./search-query.ts";

/** A part of the hits of a search, from its cursor on. */
export interface Positions {
  /** Hits of this part. */
  readonly counted: number;
  /** In the order of the hits. `cursor` as the search takes it; without one: from the newest on. */
  readonly blocks: readonly { readonly cursor?: string; readonly size: number }[];
  /** The cursor of the next part; absent where all are counted. */
  readonly next?: string;
}

/**
 * Counts as many hits as can be within a moment, in goes that are short enough for others to come in between. Who wants to know all of them
 * asks again with `next`; who has another question meanwhile does not, so that no count goes on for nobody.
 */
export async function positions(
  index: Pick<RecordingIndex, "countHits">,
  clock: Clock,
  query: RecordingQuery,
  every = BLOCK_DEFAULT,
): Promise<Positions> {
  const began = clock.now();
  const blocks: HitBlock[] = [];
  let after: RecordingPlace | undefined = query.after;
  let examine = COUNT_ROWS_FIRST;
  do {
    const from = clock.now();
    const part = await index.countHits({ ...query, ...(after === undefined ? {} : { after }), every, examine });
    for (const block of part.blocks) join(blocks, block, every);
    after = part.next;
    examine =
      clock.now() - from > COUNT_GO_MS
        ? Math.max(examine / 2, COUNT_ROWS_FIRST)
        : Math.min(examine * 2, COUNT_ROWS_MAX);
  } while (after !== undefined && clock.now() - began < COUNT_MS && blocks.length < COUNT_BLOCKS);
  return {
    counted: blocks.reduce((sum, { size }) => sum + size, 0),
    blocks: blocks.map(({ after: place, size }) =>
      place === undefined ? { size } : { cursor: formatCursor(place), size },
    ),
    ...(after === undefined ? {} : { next: formatCursor(after) }),
  };
}

/** Small blocks that stand next to each other are one. */
function join(blocks: HitBlock[], block: HitBlock, every: number): void {
  const last = blocks.at(-1);
  if (last === undefined || last.size + block.size > every) blocks.push(block);
  else blocks[blocks.length - 1] = { after: last.after, size: last.size + block.size };
}
