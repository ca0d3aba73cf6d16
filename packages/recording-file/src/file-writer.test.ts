import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { ManualClock, type SidetoneError } from "@sidetone/foundation";
import type { FileOps } from "./file-ops.ts";
import { systemFiles } from "./file-ops.ts";
import { FileWriter } from "./file-writer.ts";
import { readFolder } from "./folder-reader.ts";
import { fsyncEach } from "./group-sync.ts";
import { OPEN_MARKERS } from "./layout.ts";
import { SEGMENT_FRAMES } from "./limits.ts";
import { recoverOpen } from "./recover.ts";
import { faultyFiles, frames, startLine, storage } from "./testing-fixtures.ts";
import { verifyFolder } from "./verify.ts";
import { openWav } from "./wav-view.ts";
import { WAV_HEADER_BYTES } from "./wav.ts";

const relative = "2026/11/20/a";

function writerOn(root: string, files: FileOps = systemFiles, sync = fsyncEach(files.fsyncSync)) {
  const clock = new ManualClock();
  const told: string[] = [];
  const writer = new FileWriter({
    root,
    files,
    sync,
    clock,
    events: {
      onTrouble: (h, e: SidetoneError) => told.push(`trouble ${h} ${e.code}`),
      onRelief: (h) => told.push(`relief ${h}`),
      onLost: (h, e) => told.push(`lost ${h} ${e.code}`),
      onEnded: (h, n, e) => told.push(`ended ${h} ${n} ${e?.code ?? "ok"}`),
    },
  });
  return { writer, clock, told };
}

async function data(path: string): Promise<Buffer> {
  const wav = await openWav(path);
  return (await buffer(wav.stream())).subarray(WAV_HEADER_BYTES);
}

test("what was written is there, hashed and closed", async () => {
  using s = storage();
  const { writer, told } = writerOn(s.root);
  writer.open(1, { relative, start: startLine("a") });
  writer.zero(1, 1_795_166_115_000_000, "pcma");
  writer.audio(1, frames(0, 1000));
  writer.silence(1, 3);
  writer.audio(1, frames(1003, 5));
  writer.round();
  assert.equal((await readFolder(join(s.root, relative))).frames, 1008);
  assert.deepEqual(fs.readdirSync(join(s.root, OPEN_MARKERS)).length, 1);
  writer.end(1, "complete", "BYE");
  writer.round();
  assert.deepEqual(told, ["ended 1 1008 ok"]);
  assert.deepEqual(
    await data(join(s.root, relative)),
    Buffer.concat([frames(0, 1000), Buffer.alloc(6, 0xd5), frames(1003, 5)]),
  );
  const { manifest } = await readFolder(join(s.root, relative));
  assert.equal(manifest.end?.state, "complete");
  assert.equal(manifest.end?.frames, 1008);
  assert.deepEqual(await verifyFolder(join(s.root, relative)), { verdict: "intact", problems: [] });
  assert.deepEqual(fs.readdirSync(join(s.root, OPEN_MARKERS)), []);
  writer.close("end of test");
});

test("a segment is closed after its frames; the chain spans segments; a changed byte is found", async () => {
  using s = storage();
  const { writer } = writerOn(s.root);
  const path = join(s.root, relative);
  writer.open(1, { relative, start: startLine("a") });
  writer.zero(1, 0, "pcmu");
  const all = frames(0, SEGMENT_FRAMES * 2 + 10);
  writer.audio(1, all);
  writer.end(1, "complete", "BYE");
  writer.round();
  const view = await readFolder(path);
  assert.deepEqual(
    view.segments.map((g) => g.bytes / 2),
    [SEGMENT_FRAMES, SEGMENT_FRAMES, 10],
  );
  assert.ok((await data(path)).equals(all));
  assert.equal((await verifyFolder(path)).verdict, "intact");
  const fd = fs.openSync(join(path, "audio-000002.g711"), "r+");
  fs.writeSync(fd, "x", 77);
  fs.closeSync(fd);
  assert.match((await verifyFolder(path)).problems.join(), /audio-000002.g711 \(1:00.000 to 2:00.000\) was changed/);
  writer.close("end of test");
});

test("a view that was opened while recording keeps its length and its header", async () => {
  using s = storage();
  const { writer } = writerOn(s.root);
  writer.open(1, { relative, start: startLine("a") });
  writer.zero(1, 0, "pcmu");
  writer.audio(1, frames(0, 100));
  writer.round();
  const wav = await openWav(join(s.root, relative));
  writer.audio(1, frames(100, 100));
  writer.round();
  const bytes = await buffer(wav.stream());
  assert.equal(bytes.length, WAV_HEADER_BYTES + 200);
  assert.equal(bytes.readUInt32LE(4), bytes.length - 8);
  assert.equal(bytes.readUInt32LE(54), 200);
  assert.equal(bytes.readUInt16LE(20), 7);
  const part = await buffer(wav.stream(50, 77));
  assert.ok(part.equals(bytes.subarray(50, 78)));
  assert.equal((await openWav(join(s.root, relative))).frames, 200);
  writer.close("end of test");
});

test("B1: disk full: told once, audio kept, the rest goes on when there is room; other recordings untouched", async () => {
  using s = storage();
  let full = false;
  const badFds = new Set<number>();
  const files = faultyFiles(() => undefined);
  const originalOpen = files.openSync;
  const originalWrite = files.writeSync;
  files.openSync = ((path: string, ...rest: string[]) => {
    const fd = originalOpen(path, rest[0] ?? "r");
    if (path.includes("/a/")) badFds.add(fd);
    return fd;
  }) as FileOps["openSync"];
  files.writeSync = ((fd: number, ...rest: [Uint8Array, number, number]) => {
    if (full && badFds.has(fd)) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    return originalWrite(fd, ...rest);
  }) as FileOps["writeSync"];
  const { writer, clock, told } = writerOn(s.root, files);
  writer.open(1, { relative, start: startLine("a") });
  writer.open(2, { relative: "2026/11/20/b", start: startLine("b") });
  for (const h of [1, 2]) writer.zero(h, 0, "pcmu");
  full = true;
  for (let second = 0; second < 12; second++) {
    for (const h of [1, 2]) writer.audio(h, frames(second * 8000, 8000));
    writer.round();
    clock.advance(1000);
  }
  assert.deepEqual(told, ["trouble 1 disk-full", "lost 1 disk-full"], "given up after 10 s, told once");
  full = false;
  writer.round();
  assert.deepEqual(told.splice(2), ["relief 1"]);
  writer.end(1, "complete", "BYE");
  writer.end(2, "complete", "BYE");
  writer.round();
  const b = await data(join(s.root, "2026/11/20/b"));
  assert.ok(b.equals(frames(0, 96_000)));
  const a = await data(join(s.root, relative));
  assert.equal(a.length, b.length, "silence of the right length");
  assert.ok(a.subarray(-9 * 16_000).equals(b.subarray(-9 * 16_000)), "the last nine seconds were kept");
  const { manifest } = await readFolder(join(s.root, relative));
  assert.equal(manifest.end?.state, "partial");
  assert.equal(manifest.warnings[0]?.code, "disk-full");
  assert.equal(manifest.events.find((e) => e.event === "gap")?.["cause"], "storage");
  assert.equal((await verifyFolder(join(s.root, relative))).verdict, "intact");
  writer.close("end of test");
});

test("B3: a failed sync is never a silent success", async () => {
  using s = storage();
  let bad = false;
  const sync = fsyncEach(() => {
    if (bad) throw Object.assign(new Error("I/O error"), { code: "EIO" });
  });
  const { writer, clock, told } = writerOn(s.root, systemFiles, sync);
  writer.open(1, { relative, start: startLine("a") });
  writer.audio(1, frames(0, 10));
  bad = true;
  writer.round();
  bad = false;
  assert.deepEqual(told, ["trouble 1 sync-failed"]);
  writer.end(1, "complete", "BYE");
  writer.round();
  assert.equal((await readFolder(join(s.root, relative))).manifest.end?.state, "partial");
  assert.deepEqual(told.splice(1), ["relief 1", "ended 1 10 ok"]);
  writer.open(2, { relative: "2026/11/20/b", start: startLine("b") });
  bad = true;
  for (let second = 0; second <= 10; second++) {
    writer.audio(2, frames(0, 10));
    writer.round();
    clock.advance(1000);
  }
  writer.end(2, "complete", "BYE");
  writer.round();
  assert.deepEqual(told.splice(1), ["trouble 2 sync-failed", "lost 2 sync-failed", "ended 2 110 sync-failed"]);
  assert.equal(fs.readdirSync(join(s.root, OPEN_MARKERS)).length, 1, "looked at again by the next start");
  writer.close("end of test");
});

test("B1/B3: a recording that ends while its disk refuses is kept for ten seconds like any other, and closed as partial", async () => {
  using s = storage();
  let bad: string | undefined;
  const { writer, clock, told } = writerOn(
    s.root,
    faultyFiles((call) => (call === "write" ? bad : undefined)),
  );
  const path = join(s.root, relative);
  writer.open(1, { relative, start: startLine("a") });
  writer.zero(1, 0, "pcmu");
  writer.audio(1, frames(0, 8000));
  writer.round();
  bad = "EROFS";
  writer.audio(1, frames(8000, 8000));
  writer.end(1, "complete", "BYE");
  for (let second = 0; second < 9; second++) {
    writer.round();
    clock.advance(1000);
  }
  assert.deepEqual(told, ["trouble 1 disk-read-only"]);
  bad = undefined;
  writer.round();
  assert.deepEqual(told.splice(1), ["relief 1", "ended 1 16000 ok"]);
  assert.ok((await data(path)).equals(frames(0, 16_000)));
  const { manifest } = await readFolder(path);
  assert.equal(manifest.end?.state, "partial");
  assert.equal((await verifyFolder(path)).verdict, "intact");
  writer.close("end of test");
});

test("B3: an end whose sync failed is told again as partial on the disk itself, and synced once more", async () => {
  using s = storage();
  let bad = false;
  let syncs = 0;
  const { writer, clock, told } = writerOn(s.root, systemFiles, {
    kind: "syncfs",
    sync: () => {
      syncs += 1;
      if (bad) throw new Error("I/O error");
    },
    close: () => undefined,
  });
  writer.open(1, { relative, start: startLine("a") });
  writer.round();
  assert.equal(syncs, 1, "the first line is synced, also where nothing follows");
  writer.audio(1, frames(0, 10));
  writer.end(1, "complete", "BYE");
  bad = true;
  writer.round();
  assert.deepEqual(told, ["trouble 1 sync-failed"]);
  assert.equal((await readFolder(join(s.root, relative))).manifest.end?.state, "complete");
  bad = false;
  clock.advance(1000);
  writer.round();
  assert.deepEqual(told.splice(1), ["relief 1", "ended 1 10 ok"]);
  assert.equal((await readFolder(join(s.root, relative))).manifest.end?.state, "partial");
  assert.equal(syncs, 3);
  writer.close("end of test");
});

test("B1: an opening that the disk refuses, or that is taken back, leaves a finished recording as it was, to the byte", () => {
  using s = storage();
  const path = join(s.root, relative);
  const good = writerOn(s.root);
  good.writer.open(1, { relative, start: startLine("a") });
  good.writer.audio(1, frames(0, 100));
  good.writer.end(1, "complete", "BYE");
  good.writer.round();
  const before = fs.readFileSync(join(path, "manifest.jsonl"));
  const again = { relative, start: { ...startLine("a"), epoch: 2 } };
  // Takes the first ten bytes of the line, as a disk does that is nearly full.
  let taken = false;
  const nearlyFull = {
    ...systemFiles,
    writeSync: ((fd: number, bytes: Uint8Array, at: number) => {
      if (taken) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      taken = true;
      return fs.writeSync(fd, bytes, at, 10);
    }) as FileOps["writeSync"],
  };
  assert.throws(() => writerOn(s.root, nearlyFull).writer.open(1, again), { code: "disk-full" });
  assert.ok(fs.readFileSync(join(path, "manifest.jsonl")).equals(before));
  assert.deepEqual(fs.readdirSync(join(s.root, OPEN_MARKERS)), []);
  good.writer.open(2, again);
  assert.throws(() => good.writer.open(3, again), { code: "recording-folder-busy", sip: 503 });
  good.writer.round();
  good.writer.discard(2);
  assert.ok(fs.readFileSync(join(path, "manifest.jsonl")).equals(before));
  assert.deepEqual(fs.readdirSync(join(s.root, OPEN_MARKERS)), []);
  good.writer.close("end of test");
});

test("B4: a disk that is late, but refuses nothing, loses nothing of the minute before", async () => {
  using s = storage();
  const { writer } = writerOn(s.root);
  writer.open(1, { relative, start: startLine("a") });
  writer.zero(1, 0, "pcmu");
  for (let piece = 0; piece < 590; piece++) writer.audio(1, frames(piece * 800, 800));
  writer.end(1, "complete", "BYE");
  writer.round();
  assert.ok((await data(join(s.root, relative))).equals(frames(0, 472_000)));
  const { manifest } = await readFolder(join(s.root, relative));
  assert.deepEqual([manifest.end?.state, manifest.events, manifest.warnings], ["complete", [], []]);
  writer.close("end of test");
});

test("A12: a marker that its owner keeps stays until the end is noted; recovery finds the recording intact", () => {
  using s = storage();
  const options = { root: s.root, files: systemFiles, sync: fsyncEach(), clock: new ManualClock() };
  const events = {
    onTrouble: () => undefined,
    onRelief: () => undefined,
    onLost: () => undefined,
    onEnded: () => undefined,
  };
  const writer = new FileWriter({ ...options, events, keepMarkers: true });
  writer.open(1, { relative, start: startLine("a") });
  writer.audio(1, frames(0, 10));
  writer.end(1, "complete", "BYE");
  writer.round();
  assert.deepEqual(recoverOpen(s.root, 0, systemFiles, true), [{ relative, frames: 10, outcome: "intact" }]);
  writer.noted(relative);
  assert.deepEqual(recoverOpen(s.root, 0), []);
  writer.close("end of test");
});

test("A disk of another Sidetone's manifest is told, and not touched", () => {
  using s = storage();
  const path = join(s.root, relative);
  const { writer } = writerOn(s.root);
  writer.open(1, { relative, start: startLine("a") });
  writer.audio(1, frames(0, 10));
  writer.close("dies");
  const manifest = join(path, "manifest.jsonl");
  const text = fs.readFileSync(manifest, "utf8").replace('"version":1', '"version":7').split("\n")[0];
  fs.writeFileSync(manifest, `${text}\n`);
  fs.writeFileSync(join(s.root, OPEN_MARKERS, "2026+11+20+a"), "");
  const [found] = recoverOpen(s.root, 0);
  assert.match(String(found?.error), /manifest.jsonl has version 7; this Sidetone reads version 1/);
  assert.equal(fs.readFileSync(manifest, "utf8"), `${text}\n`);
  assert.throws(() => writerOn(s.root).writer.open(1, { relative, start: startLine("a") }), {
    code: "manifest-version",
  });
});

test("a disk without room for a segment opens no recording, whatever its first lines would need", () => {
  using s = storage();
  const { writer } = writerOn(s.root, {
    ...systemFiles,
    statfsSync: () => ({ blocks: 1000, bavail: 2, bsize: 4096 }),
  });
  assert.throws(() => writer.open(1, { relative, start: startLine("a") }), { code: "disk-full", sip: 503 });
  assert.equal(fs.existsSync(join(s.root, relative)), false);
  assert.deepEqual(fs.readdirSync(join(s.root, OPEN_MARKERS)), []);
  writer.close("end of test");
});

test("B5: a folder that was removed in mid-call is noticed", () => {
  using s = storage();
  const { writer, told } = writerOn(s.root);
  writer.open(1, { relative, start: startLine("a") });
  writer.audio(1, frames(0, 10));
  writer.round();
  fs.rmSync(join(s.root, relative), { recursive: true });
  writer.audio(1, frames(10, 10));
  writer.round();
  assert.deepEqual(told, ["trouble 1 recording-folder-gone", "lost 1 recording-folder-gone"]);
  writer.end(1, "complete", "BYE");
  writer.round();
  assert.equal(told.at(-1), "ended 1 20 recording-folder-gone");
  writer.close("end of test");
});

test("a folder that cannot be made is a typed error", () => {
  using s = storage();
  const { writer } = writerOn(
    s.root,
    faultyFiles((call) => (call === "open" ? "ENOSPC" : undefined)),
  );
  assert.throws(() => writer.open(1, { relative, start: startLine("a") }), { code: "disk-full", sip: 503 });
  assert.equal(writer.openCount, 0);
  writer.close("end of test");
});

test("B2/B3: whichever write fails first, the folder stays readable and recovery closes it", async () => {
  for (let n = 1; n <= 14; n++) {
    using s = storage();
    let count = 0;
    // From the n-th write on nothing reaches the disk: what a crash leaves behind.
    const dead = faultyFiles((call) => (call === "write" && ++count >= n ? "EIO" : undefined));
    const { writer } = writerOn(s.root, dead);
    let written = 0;
    try {
      writer.open(1, { relative, start: startLine("a") });
      writer.zero(1, 0, "pcmu");
      for (let i = 0; i < 5; i++) {
        writer.audio(1, frames(written, 1600));
        written += 1600;
        writer.line(1, { type: "event", event: "mark", atMs: i });
        writer.round();
      }
    } catch {
      // The start itself was refused: nothing was promised, nothing is left.
    }
    const path = join(s.root, relative);
    const done = recoverOpen(s.root, 1_795_166_115_000_000);
    assert.equal(done.length, n === 1 ? 0 : 1);
    assert.equal(fs.existsSync(path), n > 1);
    if (n === 1) continue;
    assert.equal(done[0]?.outcome, "closed");
    const { manifest } = await readFolder(path);
    assert.equal(manifest.end?.state, "partial");
    const bytes = await data(path);
    assert.ok(bytes.equals(frames(0, bytes.length / 2)), `write ${n}`);
    assert.equal((await verifyFolder(path)).verdict, "intact");
    assert.deepEqual(recoverOpen(s.root, 0), []);
    writer.close("end of test");
  }
});

test("R30: a closed recording is continued in a new segment", async () => {
  using s = storage();
  const first = writerOn(s.root);
  first.writer.open(1, { relative, start: startLine("a") });
  first.writer.zero(1, 42, "pcma");
  first.writer.audio(1, frames(0, 100));
  first.writer.round();
  // Dies here: no end, and half a frame and half a line more.
  fs.appendFileSync(join(s.root, relative, "audio-000001.g711"), "x");
  fs.appendFileSync(join(s.root, relative, "manifest.jsonl"), '{"type":"ev');
  recoverOpen(s.root, 1_795_166_115_000_000);
  const second = writerOn(s.root);
  const opened = second.writer.open(1, { relative, start: { ...startLine("a"), epoch: 2 } });
  assert.equal(opened.frames, 101);
  assert.equal(opened.zero?.wallMicros, 42);
  assert.equal(opened.continued, true);
  second.writer.silence(1, 9);
  second.writer.audio(1, frames(110, 5));
  second.writer.end(1, "complete", "BYE");
  second.writer.round();
  const bytes = await data(join(s.root, relative));
  assert.equal(bytes.length, 230);
  assert.ok(bytes.subarray(-10).equals(frames(110, 5)));
  assert.ok(bytes.subarray(202, 220).every((b) => b === 0xd5));
  const { manifest } = await readFolder(join(s.root, relative));
  assert.equal(manifest.epoch, 2);
  assert.equal(manifest.end?.state, "complete");
  assert.deepEqual(await verifyFolder(join(s.root, relative)), { verdict: "intact", problems: [] });
  assert.deepEqual(
    manifest.warnings.map((w) => w.code),
    ["torn-line"],
    "a line that a crash cut off is no damage, and is told",
  );
  first.writer.close("end of test");
  second.writer.close("end of test");
});
