import assert from "node:assert/strict";
import { test } from "node:test";
import { PagesFirst } from "./pages-first.ts";

test("one at a time; what waits as a page goes before what waits as a count; a failure stops nobody", async () => {
  const turns = new PagesFirst();
  const done: string[] = [];
  let running = 0;
  const work = (name: string) => async (): Promise<string> => {
    assert.equal(++running, 1);
    await Promise.resolve();
    running--;
    done.push(name);
    if (name === "count 2") throw new Error("broken");
    return name;
  };
  const all = [
    turns.count(work("count 1")),
    turns.count(work("count 2")),
    turns.count(work("count 3")),
    turns.page(work("page 1")),
    turns.page(work("page 2")),
  ];
  const ended = await Promise.allSettled(all);
  assert.deepEqual(done, ["count 1", "page 1", "page 2", "count 2", "count 3"]);
  assert.deepEqual(
    ended.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
  );
});
