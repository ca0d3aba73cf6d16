import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { delay, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, runRecorder, untilState } from "../testing-src.ts";
import { lockIndex, lockStorage } from "./storage-lock.ts";

test("a storage belongs to one recorder: another process is refused; after kill -9 nothing stands in the way", async () => {
  const root = mkdtempSync(join(tmpdir(), "sidetone-lock-"));
  const child = spawn(process.execPath, [fileURLToPath(new URL("./lock-child.ts", import.meta.url)), root], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    assert.throws(() => lockStorage(root), { code: "storage-in-use", exit: 1, message: new RegExp(root) });
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    const unlock = lockStorage(root);
    assert.throws(() => lockStorage(root), { code: "storage-in-use" });
    unlock();
    lockStorage(root)();
  } finally {
    child.kill("SIGKILL");
    rmSync(root, { recursive: true });
  }
});

test("an index belongs to one recorder; one in memory to everybody", () => {
  const root = mkdtempSync(join(tmpdir(), "sidetone-lock-"));
  const unlock = lockIndex(join(root, "index.sqlite"));
  assert.throws(() => lockIndex(join(root, "index.sqlite")), { code: "storage-in-use", exit: 1 });
  unlock();
  lockIndex(":memory:")();
  writeFileSync(join(root, "file"), "");
  assert.throws(() => lockStorage(join(root, "file", "below")), { code: "storage-not-available", exit: 1 });
  rmSync(root, { recursive: true });
});

test("a second recorder on the same storage, or the same index, does not start, and what the first one records is not touched", {
  timeout: 20_000,
}, async () => {
  const first = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  try {
    const { session, ports } = await src.invite(
      first.sip,
      "record=mine@",
      src.body({ ports: [left.port, left.port + 2] }),
    );
    for (let n = 0; n < 20; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 800);
    const directory = join(first.folder, "recordings");
    const database = `sqlite:${join(first.folder, "index.sqlite")}`;
    const other = join(first.folder, "other");
    for (const storage of [
      { directory, database: `sqlite:${join(other, "index.sqlite")}` },
      { directory: other, database },
    ])
      await assert.rejects(runRecorder({ folder: first.folder, storage }), { code: "storage-in-use", exit: 1 });
    for (let n = 20; n < 40; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 300);
    await session.bye();
    const document = await untilState(first.url, "mine", "complete");
    assert.deepEqual(document["integrity"], { verdict: "intact", problems: [] });
    await first.role.close();
    const next = await runRecorder({ folder: first.folder });
    await next.role.close();
  } finally {
    left.socket.close();
    await src.sip.close();
    await first.role.close();
    rmSync(first.folder, { recursive: true });
  }
});
