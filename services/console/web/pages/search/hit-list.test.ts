import assert from "node:assert/strict";
import { test } from "node:test";
import { type Get, HitList } from "./hit-list.ts";
import type { Recording } from "./recording-view.ts";

const TOTAL = 1234;
const recording = (n: number): Recording => ({
  id: `r${n}`,
  startTime: new Date(1_795_000_000_000 - n * 1000).toISOString(),
  durationMs: 1000,
  state: "complete",
});

/** A server with so many hits; cursors are positions. `parts` hits are counted at once. */
function server(parts: number, approximate = false): { get: Get; asked: string[] } {
  const asked: string[] = [];
  const get = async (path: string): Promise<unknown> => {
    const url = new URL(path, "http://console");
    asked.push(url.pathname + url.search);
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const end = (size: number): { next?: string } => (from + size < TOTAL ? { next: String(from + size) } : {});
    if (!url.pathname.endsWith("/positions")) {
      const limit = Number(url.searchParams.get("limit"));
      const recordings = Array.from({ length: Math.min(limit, TOTAL - from) }, (_, n) => recording(from + n));
      return { recordings, ...end(limit) };
    }
    const counted = Math.min(parts, TOTAL - from);
    if (approximate) return { counted, blocks: [], approximate, ...end(parts) };
    const every = Number(url.searchParams.get("every"));
    const blocks = [];
    for (let at = 0; at < counted; at += every)
      blocks.push({ cursor: String(from + at), size: Math.min(every, counted - at) });
    return { counted, blocks, ...end(parts) };
  };
  return { get: get as Get, asked };
}

/** Until nothing is asked any more. */
async function settled(): Promise<void> {
  for (let n = 0; n < 200; n++) await Promise.resolve();
}

test("the first page at once, the number in parts, then any position by one page", async () => {
  const { get, asked } = server(333);
  const list = new HitList(new URLSearchParams({ q: "x" }), get);
  await list.open();
  assert.equal(list.at(0)?.id, "r0");
  await settled();
  assert.deepEqual([list.rows, list.complete], [TOTAL, true]);
  for (const at of [1233, 700, 51]) {
    assert.equal(list.at(at), undefined);
    list.look(at, at + 1);
    await settled();
    assert.equal(list.at(at)?.id, `r${at}`);
  }
  assert.ok(asked.every((path) => path.includes("q=x")));
  const pages = asked.filter((path) => !path.includes("positions"));
  assert.equal(pages.length, 4);
});

test("where nothing can be jumped to, the list grows page by page as it is looked at", async () => {
  const { get } = server(5000, true);
  const list = new HitList(new URLSearchParams(), get);
  await list.open();
  await settled();
  assert.equal(list.count, TOTAL);
  for (let n = 0; !list.complete && n < 100; n++) {
    list.look(list.rows - 1, list.rows);
    await settled();
  }
  assert.deepEqual([list.rows, list.at(TOTAL - 1)?.id], [TOTAL, `r${TOTAL - 1}`]);
});
