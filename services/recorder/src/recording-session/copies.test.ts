import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import type { RecordingDocument } from "../index/recording-row.ts";
import { combined, familyOf, otherCopy } from "../index/recording-sources.ts";
import { RtpSource, Src, runRecorder } from "../testing-src.ts";

const CALL = "JBNIHE6GIL09DCQ7KUREMIUHVC000001";

test("R10: ids of copies: each knows its recording and the other one", () => {
  assert.deepEqual(familyOf("r~c2~3"), { family: "r~3", copy: 2 });
  assert.deepEqual(familyOf("r~3"), { family: "r~3", copy: 1 });
  for (const id of ["r", "r~2", "r~c2", "r~c2~2"]) assert.equal(otherCopy(otherCopy(id)), id);
  assert.equal(combined("r", []), undefined);
});

test("R10, R8: two copies at one recorder are one recording whose most complete source is heard; another call's copy is kept apart; it outlives the index", {
  timeout: 40_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const sources: RtpSource[] = [];
  let role = r.role;
  const record = async (id: string, copy: number, uuid: string, frames: number): Promise<void> => {
    const start = systemClock.wallMicros();
    const source = await RtpSource.open(copy, start);
    sources.push(source);
    const uri = `record=${id}@;calluuid=${uuid};dn=7001;copy=${copy};epoch=1`;
    const { session, ports } = await src.invite(r.sip, uri, src.body({ ports: [source.port, source.port + 2] }));
    for (let n = 0; n < frames; n++) {
      source.send(ports[0] ?? 0, source.packet(n, copy, n));
      await delay(systemClock, Math.max(0, (start + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000));
    }
    await session.bye();
  };
  const list = async (url: string): Promise<RecordingDocument[]> =>
    ((await (await fetch(`${url}/api/v1/recordings`)).json()) as { recordings: RecordingDocument[] }).recordings;
  const settled = async (url: string): Promise<Map<string, RecordingDocument>> => {
    for (let i = 0; i < 80; i++) {
      const all = new Map((await list(url)).map((one) => [one.id, one]));
      const states = Array.from(all.values(), (d) => (d.sources ?? [d]).map((s) => s.state)).flat();
      if (states.length === 4 && states.every((state) => state === "complete")) return all;
      await delay(systemClock, 50);
    }
    throw new Error(`not settled: ${JSON.stringify(await list(url))}`);
  };
  try {
    // The second copy has more; another call's second copy has the same id, and comes before its first.
    await Promise.all([record("twice", 1, CALL, 15), record("twice", 2, CALL, 40), record("alone", 2, CALL, 10)]);
    await record("twice", 2, `${CALL.slice(0, -1)}2`, 10);
    const check = async (url: string): Promise<void> => {
      const all = await settled(url);
      assert.deepEqual(Array.from(all.keys()).sort(), ["alone~c2", "twice", "twice~c2~2"]);
      const { sources: both, durationMs } = all.get("twice") ?? {};
      assert.deepEqual(
        both?.map(({ id, copy, primary }) => [id, copy, primary]),
        [
          ["twice~c2", 2, true],
          ["twice", 1, false],
        ],
      );
      assert.equal(durationMs, both?.[0]?.durationMs);
      assert.ok((both?.[0]?.durationMs ?? 0) > (both?.[1]?.durationMs ?? 0) + 300);
      const heard = async (id: string): Promise<Buffer> =>
        Buffer.from(await (await fetch(`${url}/api/v1/recordings/${id}/audio`)).arrayBuffer());
      assert.ok((await heard("twice")).equals(await heard("twice~c2")));
      assert.ok(all.get("twice~c2~2")?.warnings.some((w) => w.code === "duplicate-id"));
    };
    await check(r.url);
    await role.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${r.folder}/index.sqlite${end}`, { force: true });
    const again = await runRecorder({ folder: r.folder });
    role = again.role;
    await check(again.url);
  } finally {
    for (const { socket } of sources) socket.close();
    await src.sip.close();
    await role.close();
    rmSync(r.folder, { recursive: true });
  }
});
