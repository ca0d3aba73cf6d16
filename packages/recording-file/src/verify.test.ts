import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { systemFiles } from "./file-ops.ts";
import { FileWriter } from "./file-writer.ts";
import { fsyncEach } from "./group-sync.ts";
import { SEGMENT_FRAMES } from "./limits.ts";
import { frames, startLine, storage } from "./testing-fixtures.ts";
import { SegmentHashes, verifyFolder } from "./verify.ts";

test("A segment is read once as long as it does not change; a changed one is found", async () => {
  using s = storage();
  const events = {
    onTrouble: () => undefined,
    onRelief: () => undefined,
    onLost: () => undefined,
    onEnded: () => undefined,
  };
  const clock = new ManualClock();
  const writer = new FileWriter({ root: s.root, files: systemFiles, sync: fsyncEach(), clock, events });
  writer.open(1, { relative: "a", start: startLine("a") });
  writer.audio(1, frames(0, SEGMENT_FRAMES + 800));
  writer.end(1, "complete", "BYE");
  writer.round();
  writer.close("test");
  const path = join(s.root, "a");
  const hashes = new SegmentHashes();
  for (let i = 0; i < 3; i++) assert.equal((await verifyFolder(path, hashes)).verdict, "intact");
  assert.equal(hashes.computed, 2);
  const segment = join(path, "audio-000002.g711");
  const bytes = readFileSync(segment);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  writeFileSync(segment, bytes);
  utimesSync(segment, new Date(0), new Date(0));
  assert.match((await verifyFolder(path, hashes)).problems.join(), /audio-000002.g711 was changed/);
  const few = new SegmentHashes(1);
  await verifyFolder(path, few);
  await verifyFolder(path, few);
  assert.equal(few.computed, 4, "memory is bounded");
});
