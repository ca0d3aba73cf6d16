import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readFolder } from "./folder-reader.ts";
import { recoverOpen } from "./recover.ts";
import { frames, storage } from "./testing-fixtures.ts";
import { verifyFolder } from "./verify.ts";
import { openWav } from "./wav-view.ts";
import { WAV_HEADER_BYTES } from "./wav.ts";

const child = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
const relative = "2026/11/20/crash";

interface Run {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  /** Frames that the child said it had recorded. */
  said(): number;
  until(frames: number): Promise<void>;
}

function start(root: string, before: string[] = []): Run {
  const [command, ...args] = [...before, process.execPath, child, root, relative];
  const running = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  const waiting: { frames: number; done: () => void }[] = [];
  const said = (): number => Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1) ?? 0);
  running.stdout.on("data", (piece: Buffer) => {
    text += piece.toString("latin1");
    for (const w of waiting) if (said() >= w.frames) w.done();
  });
  const exited = new Promise<number | null>((resolve) => running.on("exit", resolve));
  return {
    process: running,
    exited,
    said,
    until: (n) =>
      Promise.race([new Promise<void>((done) => waiting.push({ frames: n, done })), exited.then(() => undefined)]),
  };
}

async function checkRecovered(root: string): Promise<number> {
  recoverOpen(root, 1_795_166_115_000_000);
  const path = join(root, relative);
  const view = await readFolder(path).catch(() => undefined);
  if (view?.manifest.start === undefined) return 0;
  assert.equal(view.manifest.end?.state, "partial");
  assert.equal((await verifyFolder(path)).verdict, "intact");
  const bytes = await buffer((await openWav(path)).stream());
  const audio = bytes.subarray(WAV_HEADER_BYTES);
  assert.ok(audio.equals(frames(0, audio.length / 2)), "every frame is where it belongs");
  checkWithTools(root, bytes, audio.length / 2);
  return audio.length / 2;
}

function checkWithTools(root: string, wav: Buffer, expected: number): void {
  if (expected === 0) return;
  const file = join(root, "out.wav");
  writeFileSync(file, wav);
  const soxi = spawnSync("soxi", ["-s", file], { encoding: "utf8" });
  if (soxi.error === undefined) {
    assert.equal(soxi.stderr, "");
    assert.equal(Number(soxi.stdout), expected);
  }
  const probe = spawnSync(
    "ffprobe",
    ["-v", "warning", "-show_entries", "stream=codec_name,channels,sample_rate", "-of", "csv=p=0", file],
    {
      encoding: "utf8",
    },
  );
  if (probe.error === undefined) {
    assert.equal(probe.stderr, "");
    assert.equal(probe.stdout.trim(), "pcm_mulaw,8000,2");
  }
}

test("A5/A12: after kill -9 everything up to the last second is there", { timeout: 30_000 }, async () => {
  for (const ms of [1130, 1720]) {
    using s = storage();
    const run = start(s.root);
    await run.until(ms * 8);
    run.process.kill("SIGKILL");
    await run.exited;
    const kept = await checkRecovered(s.root);
    assert.ok(kept >= run.said() - 8000, `kept ${kept} of ${run.said()}`);
    assert.ok(kept > 0);
  }
});

const strace = spawnSync("strace", ["-V"]).error === undefined;

test("B2: killed at the n-th write, the folder is absent or valid", {
  timeout: 60_000,
  skip: !strace && "strace is not installed",
}, async () => {
  for (const n of [1, 2, 3, 5, 8]) {
    using s = storage();
    // Node's writes to files are write or pwrite64; -P restricts the count to the recording's own files.
    const run = start(s.root, [
      "strace",
      "-qq",
      "-f",
      "-o",
      "/dev/null",
      ...["manifest.jsonl", "audio-000001.g711"].flatMap((f) => ["-P", join(s.root, relative, f)]),
      "-e",
      "trace=write,pwrite64",
      "-e",
      `inject=write,pwrite64:signal=SIGKILL:when=${n}`,
    ]);
    await run.exited;
    await checkRecovered(s.root);
  }
});

test("B4: a disk that takes 300 ms per write loses nothing", {
  timeout: 30_000,
  skip: !strace && "strace is not installed",
}, async () => {
  using s = storage();
  const run = start(s.root, [
    "strace",
    "-qq",
    "-f",
    "-o",
    "/dev/null",
    ...["manifest.jsonl", "audio-000001.g711"].flatMap((f) => ["-P", join(s.root, relative, f)]),
    "-e",
    "trace=write,pwrite64",
    "-e",
    "inject=write,pwrite64:delay_enter=300000",
  ]);
  await run.until(16_000);
  const pid = spawnSync("pgrep", ["-P", String(run.process.pid)], { encoding: "utf8" }).stdout.trim();
  process.kill(Number(pid.split("\n")[0]), "SIGTERM");
  await run.exited;
  const path = join(s.root, relative);
  const audio = (await buffer((await openWav(path)).stream())).subarray(WAV_HEADER_BYTES);
  assert.ok(audio.equals(frames(0, audio.length / 2)));
  assert.ok(audio.length / 2 >= 16_000);
  assert.equal((await readFolder(path)).manifest.warnings.length, 0);
});
