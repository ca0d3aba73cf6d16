import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { ELSEWHERE, REQUEST_TERMINATED } from "@sidetone/sip";
import { RtpSource, Src, runRecorder, untilState } from "./testing-src.ts";

/** Ids that the recorder shows, once none of them is open any more. */
async function closed(url: string): Promise<string[]> {
  let rows: { id: string; state: string }[] = [];
  for (let i = 0; i < 60; i++) {
    await delay(systemClock, 50);
    const response = await fetch(`${url}/api/v1/recordings`);
    rows = ((await response.json()) as { recordings: typeof rows }).recordings;
    if (i > 10 && rows.every(({ state }) => state !== "recording")) break;
  }
  return rows.map(({ id, state }) => `${id} ${state}`).toSorted();
}

test("R31: a recorder whose client went elsewhere keeps nothing: one entry for each recording; what came all the same is kept", {
  timeout: 20_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  const body = src.body({ ports: [left.port, left.port + 2] });
  try {
    for (const [id, reason] of [
      ["second", ELSEWHERE],
      ["crossed", REQUEST_TERMINATED],
    ] as const) {
      const { session } = await src.invite(r.sip, `record=${id}@`, body);
      await session.bye({ headers: [["Reason", reason]] });
    }
    const cancelled = src.invite(r.sip, "record=cancelled@", body).catch(() => undefined);
    for (const session of src.open) session.terminate();
    await cancelled;
    const heard = await src.invite(r.sip, "record=heard@", body);
    for (let n = 0; n < 20; n++) left.send(heard.ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 300);
    await heard.session.bye({ headers: [["Reason", ELSEWHERE]] });
    // Nothing came, and yet it was wanted: that is to be seen.
    const silent = await src.invite(r.sip, "record=silent@", body);
    await silent.session.bye();
    await untilState(r.url, "silent", "complete");
    assert.deepEqual(await closed(r.url), ["heard partial", "silent complete"]);
    const storage = join(r.folder, "recordings");
    const folders = readdirSync(storage, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("manifest.jsonl"),
    );
    assert.equal(folders.length, 2, folders.join(" "));
    assert.deepEqual(readdirSync(join(storage, ".open")), []);
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});

test("R17, R31: an INVITE is answered by 100 at once: who offers it need not take the recorder for dead while the disk is slow", {
  timeout: 20_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  try {
    const from = systemClock.now();
    let tried = Number.POSITIVE_INFINITY;
    const asked = src.invite(r.sip, "record=tried@", src.body({ ports: [40_000, 40_002] }));
    for (const session of src.open) session.on("trying", () => (tried = systemClock.now() - from));
    const { session } = await asked;
    assert.ok(tried < 150, `100 after ${tried} ms`);
    await session.bye();
  } finally {
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
