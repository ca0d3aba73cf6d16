import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLine, readManifest } from "./manifest.ts";
import { startLine } from "./testing-fixtures.ts";

test("a torn last line is counted, the lines before it count", () => {
  const m = readManifest(`${formatLine(startLine("a"))}{"type":"event","ev`);
  assert.equal(m.start?.id, "a");
  assert.equal(m.damagedLines, 1);
  assert.equal(m.tornTail, true);
});

test("R30: a reopen takes the end away and raises the epoch", () => {
  const m = readManifest(
    formatLine(startLine("a")) +
      formatLine({ type: "end", at: "x", frames: 5, state: "partial", reason: "crash" }) +
      formatLine({ type: "reopen", at: "y", epoch: 4 }),
  );
  assert.equal(m.end, undefined);
  assert.equal(m.epoch, 4);
});

test("parameters are merged in order; unknown lines are skipped", () => {
  const m = readManifest(
    formatLine({ ...startLine("a"), parameters: { a: "1", b: "1" } }) +
      formatLine({ type: "parameters", atMs: 1, values: { b: "2" } }) +
      '{"type":"from-the-future"}\nnull\n[]\n',
  );
  assert.deepEqual(Object.fromEntries(m.parameters), { a: "1", b: "2" });
  assert.equal(m.damagedLines, 3);
});
