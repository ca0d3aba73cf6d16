import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { systemFiles } from "./file-ops.ts";
import { FileWriter } from "./file-writer.ts";
import { fsyncEach } from "./group-sync.ts";
import { SEGMENT_FRAMES } from "./limits.ts";
import { frames, startLine, storage } from "./testing-fixtures.ts";
import { type Inspected, inspectTree } from "./inspect-tree.ts";
import { SegmentHashes, verifyFolder } from "./verify.ts";

function writerOn(root: string): FileWriter {
  const events = {
    onTrouble: () => undefined,
    onRelief: () => undefined,
    onLost: () => undefined,
    onEnded: () => undefined,
  };
  return new FileWriter({ root, files: systemFiles, sync: fsyncEach(), clock: new ManualClock(), events });
}

async function all(path: string): Promise<Inspected[]> {
  const found: Inspected[] = [];
  for await (const each of inspectTree(path)) found.push(each);
  return found;
}

test("A segment is read once as long as it does not change; a changed one is found", async () => {
  using s = storage();
  const writer = writerOn(s.root);
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
  assert.match(
    (await verifyFolder(path, hashes)).problems.join(),
    /audio-000002.g711 \(1:00.000 to 1:00.100\) was changed/,
  );
  const few = new SegmentHashes(1);
  await verifyFolder(path, few);
  await verifyFolder(path, few);
  assert.equal(few.computed, 4, "memory is bounded");
});

test("B6: each kind of damage is told with place, reason and remedy, and the recordings beside it are judged for themselves", async () => {
  using s = storage();
  const writer = writerOn(s.root);
  const names = ["byte", "cut", "end", "gone", "good", "lines", "newer", "none", "open", "short", "text"];
  for (const [i, name] of names.entries()) {
    writer.open(i, { relative: `2026/11/20/${name}`, start: startLine(name) });
    writer.audio(i, frames(0, SEGMENT_FRAMES + 800));
    if (name !== "open") writer.end(i, "complete", "BYE");
  }
  writer.round();
  const at = (name: string, file: string): string => join(s.root, "2026/11/20", name, file);
  const manifest = (name: string, change: (lines: string[]) => string[]): void => {
    const file = at(name, "manifest.jsonl");
    writeFileSync(file, change(readFileSync(file, "utf8").split("\n")).join("\n"));
  };
  const bytes = readFileSync(at("byte", "audio-000001.g711"));
  bytes[77] = (bytes[77] ?? 0) ^ 1;
  writeFileSync(at("byte", "audio-000001.g711"), bytes);
  manifest("cut", (lines) => [...lines.slice(0, 2), (lines[2] ?? "").slice(0, 30)]);
  manifest("end", (lines) => lines.filter((line) => !line.includes("000002")));
  rmSync(at("gone", "audio-000002.g711"));
  manifest("lines", (lines) => [lines[0] ?? "", '{"type":"segment"}', "junk", ...lines.slice(1)]);
  manifest("newer", (lines) => lines.map((line) => line.replace('"version":1', '"version":2')));
  rmSync(at("none", "manifest.jsonl"));
  mkdirSync(at("none", "manifest.jsonl"));
  truncateSync(at("short", "audio-000002.g711"), 100);
  manifest("text", (lines) => lines.slice(1));
  const found = new Map((await all(s.root)).map((i) => [i.id ?? i.folder, i]));
  const told = (name: string): string[] => (found.get(name)?.findings ?? []).map((f) => `${f.place} ${f.reason}`);
  for (const name of ["good", "open"]) assert.deepEqual(found.get(name)?.findings, [], name);
  assert.deepEqual([found.get("good")?.verdict, found.get("open")?.verdict], ["intact", "open"]);
  assert.deepEqual(told("byte"), ["audio-000001.g711 (0:00.000 to 1:00.000) was changed: its hash differs"]);
  assert.deepEqual(told("cut"), ["manifest.jsonl has no end, and nobody is writing it: it was cut off"]);
  assert.deepEqual(told("end"), [
    "audio-000002.g711 has no line in the manifest",
    "manifest.jsonl says 1:00.100 at its end, but lists 1:00.000 of segments",
  ]);
  assert.deepEqual(told("gone"), ["audio-000002.g711 (1:00.000 to 1:00.100) is missing"]);
  assert.deepEqual(told("lines"), ["manifest.jsonl has lines that cannot be read: 2, 3"]);
  assert.deepEqual(told("2026/11/20/newer"), ["manifest.jsonl has version 2; this Sidetone reads version 1"]);
  assert.equal(found.get("2026/11/20/none")?.verdict, "unreadable");
  assert.match(told("2026/11/20/none").join(), /^\. cannot be read: EISDIR/);
  assert.deepEqual(told("short"), [
    "audio-000002.g711 (1:00.000 to 1:00.100) has 100 bytes instead of 1600",
    "audio-000002.g711 (1:00.000 to 1:00.100) was changed: its hash differs",
  ]);
  assert.deepEqual(told("2026/11/20/text"), ["manifest.jsonl has no start line"]);
  for (const { findings } of found.values()) for (const { remedy } of findings) assert.match(remedy, /^[A-Z].*\.$/);
  const copy = join(s.root, "copy");
  cpSync(at("good", ""), copy, { recursive: true });
  assert.deepEqual(
    (await all(copy)).map((i) => [i.folder, i.verdict]),
    [[".", "intact"]],
  );
  assert.equal((await all(join(copy, "manifest.jsonl")))[0]?.verdict, "intact");
  writer.close("end of test");
});

test("A path that is no recording is told with what would be one", async () => {
  using s = storage();
  await assert.rejects(all(join(s.root, "nowhere")), {
    code: "path-not-found",
    exit: 1,
    message: /nowhere does not exist/,
  });
  await assert.rejects(all(s.root), { code: "no-recordings", message: /holds no recording/ });
  writeFileSync(join(s.root, "x.wav"), "");
  await assert.rejects(all(join(s.root, "x.wav")), { code: "no-recordings", message: /x.wav is a file/ });
});
