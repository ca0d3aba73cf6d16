import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SidetoneError, delay, rfc3339, systemClock } from "@sidetone/foundation";
import { PostgresServer, needsPostgres } from "@sidetone/testing";
import { RtpSource, Src, runRecorder, untilState } from "./testing-src.ts";

interface Ready {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 100; n++) {
    if (await holds()) return;
    await delay(systemClock, 100);
  }
  assert.fail(`not within 10 s: ${what}`);
}

test("PostgreSQL dies in mid-recording: the recording goes on and ends, searches get 503, an alarm is up; back, the row is there", {
  skip: needsPostgres(),
  timeout: 120_000,
}, async () => {
  const server = await PostgresServer.start();
  const database = server.createDatabase("recorder");
  let r = await runRecorder();
  await r.role.close();
  const storage = { directory: join(r.folder, "recordings"), database };
  r = await runRecorder({ folder: r.folder, storage });
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  const ready = async (): Promise<Ready> => (await (await fetch(`${r.url}/readyz`)).json()) as Ready;
  const record = async (id: string): Promise<void> => {
    const { session, ports } = await src.invite(
      r.sip,
      `record=${id}@`,
      src.body({ ports: [left.port, left.port + 2] }),
    );
    for (let n = 0; n < 20; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 300);
    await session.bye();
  };
  try {
    const copied = join(r.folder, "copied");
    mkdirSync(copied);
    copyFileSync(join(storage.directory, "storage-name"), join(copied, "storage-name"));
    await assert.rejects(runRecorder({ storage: { directory: copied, database } }), (error: SidetoneError) => {
      assert.deepEqual([error.code, error.exit], ["storage-in-use", 1]);
      return true;
    });
    await record("before");
    await untilState(r.url, "before", "complete");
    assert.deepEqual((await ready()).reasons, []);
    const { session, ports } = await src.invite(r.sip, "record=kept@", src.body({ ports: [left.port, left.port + 2] }));
    for (let n = 0; n < 20; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await untilState(r.url, "kept", "recording");
    await server.stop();
    await delay(systemClock, 300);
    const began = performance.now();
    await session.bye();
    await record("begun");
    assert.ok(performance.now() - began < 3000, "who records does not wait for the index");
    await until("the alarm", async () =>
      (await ready()).reasons.some((reason) => /index takes no rows, 2 wait/.test(reason)),
    );
    assert.equal((await ready()).ok, true);
    const search = await fetch(`${r.url}/api/v1/recordings`);
    const problem = (await search.json()) as { code: string; remedy: string };
    assert.deepEqual([search.status, problem.code], [503, "index-not-available"]);
    assert.match(problem.remedy, /PostgreSQL server runs/);
    const one = await fetch(`${r.url}/api/v1/recordings/kept`);
    assert.equal(((await one.json()) as { state: string }).state, "complete", "a row that waits is shown");
    assert.match(
      await (await fetch(`${r.url}/metrics`)).text(),
      /sidetone_recorder_index_refuses 1\n[^]*index_rows_waiting 2\n/,
    );
    const note = join(storage.directory, "index-behind");
    assert.ok(readFileSync(note, "utf8") <= rfc3339(systemClock.wallMicros()));
    // It ends before the database is back: the next start finds what is missing in the folders.
    await r.role.close();
    await assert.rejects(runRecorder({ folder: r.folder, storage }), (error: SidetoneError) => {
      assert.deepEqual([error.code, error.exit], ["index-not-available", 1]);
      return true;
    });
    await server.start();
    r = await runRecorder({ folder: r.folder, storage });
    for (const id of ["before", "kept", "begun"]) await untilState(r.url, id, "complete");
    const found = (await (await fetch(`${r.url}/api/v1/recordings`)).json()) as { recordings: { id: string }[] };
    assert.deepEqual(found.recordings.map((one) => one.id).sort(), ["before", "begun", "kept"]);
    assert.throws(() => readFileSync(note), /ENOENT/);
    await server.stop();
    await record("late");
    await server.start();
    await until("no alarm", async () => (await ready()).reasons.length === 0);
    const late = (await (await fetch(`${r.url}/api/v1/recordings?id=late`)).json()) as {
      recordings: { state: string }[];
    };
    assert.deepEqual(
      late.recordings.map((one) => one.state),
      ["complete"],
    );
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    await server.close();
    rmSync(r.folder, { recursive: true });
  }
});
