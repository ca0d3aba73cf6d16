import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type SidetoneError, delay, rfc3339, systemClock } from "@sidetone/foundation";
import { openIndex } from "../index/open-index.ts";
import { RtpSource, Src, callMetadata, runRecorder, untilState } from "../testing-src.ts";
import { rebuildIndex } from "./rebuild-index.ts";
import { lockStorage } from "./storage-lock.ts";

type Storage = Parameters<typeof openIndex>[0];

async function rowsOf(storage: Storage): Promise<Record<string, unknown>[]> {
  const index = await openIndex(storage);
  try {
    const { rows } = await index.search({ keys: [], limit: 100 });
    const whole = await Promise.all(rows.map(({ document }) => index.get(document.id)));
    return whole
      .filter((row) => row !== undefined)
      .map((row) => ({ ...row, keys: row.keys.map((key) => key.join(" ")).sort() }));
  } finally {
    await index.close();
  }
}

test("the index rebuilt from the folders alone is the same in every column; what cannot be rebuilt is told", {
  timeout: 30_000,
}, async (t) => {
  const r = await runRecorder();
  const storage = { directory: join(r.folder, "recordings"), database: `sqlite:${join(r.folder, "index.sqlite")}` };
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros();
  const left = await RtpSource.open(1, startMicros);
  t.after(async () => {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  });
  const ports: [number, number] = [left.port, left.port + 2];
  for (const [id, cause] of [
    ["full", undefined],
    ["bye", 500],
    ["plain", undefined],
    ["gone", undefined],
  ] as const) {
    const metadata = callMetadata({
      id,
      startMicros,
      events: [{ name: "hold", time: startMicros + 100_000 }],
      userParams: [["colour", "Grün"]],
    });
    const body = src.body(id === "plain" ? { ports } : { ports, metadata });
    const { session, ports: to } = await src.invite(
      r.sip,
      `record=${id}@;copy=1;epoch=1;calluuid=U;dn=7001;x=${id}`,
      body,
    );
    left.report(to[0] ?? 0);
    for (let n = 0; n < 20; n++) left.send(to[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 200);
    await session.bye(cause === undefined ? {} : { headers: [["Reason", `SIP;cause=${cause}`]] });
    await untilState(r.url, id, cause === undefined ? "complete" : "partial");
  }
  await assert.rejects(rebuildIndex(storage, systemClock), (error: SidetoneError) => {
    assert.deepEqual([error.code, error.exit], ["storage-in-use", 1]);
    return true;
  });
  await r.role.close();
  const before = await rowsOf(storage);
  assert.equal(before.length, 4);
  for (const end of ["", "-wal", "-shm"]) rmSync(join(r.folder, `index.sqlite${end}`), { force: true });
  assert.deepEqual(await rebuildIndex(storage, systemClock), {
    recordings: 4,
    closed: 0,
    lost: [],
    changed: [],
    findings: [],
    movedAway: undefined,
  });
  assert.deepEqual(await rowsOf(storage), before);

  const day = join(storage.directory, ...rfc3339(startMicros).slice(0, 10).split("-"));
  const manifest = (name: string, change: (text: string) => string): void => {
    mkdirSync(join(day, name), { recursive: true });
    const file = join(day, name, "manifest.jsonl");
    writeFileSync(file, change(readFileSync(join(day, "full", "manifest.jsonl"), "utf8")));
  };
  rmSync(join(day, "gone"), { recursive: true });
  // Its writer died, and took the marker with it.
  cpSync(join(day, "full"), join(day, "died"), { recursive: true });
  manifest("died", (text) =>
    text.replaceAll('"full"', '"died"').split("\n").slice(0, 3).join("\n").concat('\n{"type":"ev'),
  );
  manifest("newer", (text) => text.replace('"version":1', '"version":9'));
  manifest("headless", (text) => text.split("\n").slice(1).join("\n"));
  cpSync(join(day, "full"), join(day, "twin"), { recursive: true });
  manifest("bye", () => readFileSync(join(day, "bye", "manifest.jsonl"), "utf8").replaceAll("Grün", "Rot"));
  const second = await rebuildIndex(storage, systemClock);
  assert.deepEqual([second.recordings, second.closed], [4, 1]);
  assert.deepEqual(
    second.lost.map(({ id, state }) => [id, state]),
    [["gone", "complete"]],
  );
  assert.deepEqual(
    second.changed.map(({ id, columns }) => [id, columns.includes("parameters"), columns.includes("startTime")]),
    [["bye", true, false]],
  );
  assert.deepEqual(
    second.findings.map(({ place, reason }) => `${place.slice(11)} ${reason}`),
    [
      "headless/manifest.jsonl has no start line; 0 s of audio are in the folder",
      `newer is not in the index: ${join(day, "newer", "manifest.jsonl")} has version 9; this Sidetone reads version 1`,
      `twin says it is "full", as ${join(...rfc3339(startMicros).slice(0, 10).split("-"), "full")} does: only that one is in the index`,
    ],
  );
  const died = (await rowsOf(storage)).find(({ folder }) => String(folder).endsWith("died"));
  assert.ok(died);
  assert.equal((died["document"] as { state: string }).state, "partial");
  const database = join(r.folder, "index.sqlite");
  writeFileSync(database, Buffer.alloc(5000, 7));
  const third = await rebuildIndex(storage, systemClock);
  assert.equal(third.recordings, 4);
  assert.equal(dirname(third.movedAway ?? ""), r.folder);
});

test("rebuild-index refuses a storage that is not there, or is a file, and makes none", async () => {
  const root = mkdtempSync(join(tmpdir(), "sidetone-rebuild-"));
  const storage = { directory: join(root, "nowhere"), database: `sqlite:${join(root, "index.sqlite")}` };
  const code = (path: string) => ({ code: "path-not-found", exit: 1, message: new RegExp(path) });
  await assert.rejects(rebuildIndex(storage, systemClock), code("nowhere does not exist"));
  writeFileSync(join(root, "file"), "");
  await assert.rejects(
    rebuildIndex({ ...storage, directory: join(root, "file") }, systemClock),
    code("file is a file"),
  );
  assert.throws(() => readFileSync(join(root, "index.sqlite")));
  lockStorage(join(root, "nowhere"))();
  rmSync(root, { recursive: true });
});
