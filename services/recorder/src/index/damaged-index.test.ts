import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type SidetoneError, delay, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, runRecorder, untilState } from "../testing-src.ts";

test("a damaged index: the recorder says which file, and what to do; done, every recording is found again", {
  timeout: 20_000,
}, async () => {
  let r = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  try {
    const body = src.body({ ports: [left.port, left.port + 2] });
    const { session, ports } = await src.invite(r.sip, "record=kept@", body);
    for (let n = 0; n < 20; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 300);
    await session.bye();
    await untilState(r.url, "kept", "complete");
    await r.role.close();
    const file = join(r.folder, "index.sqlite");
    writeFileSync(file, randomBytes(5000));
    await assert.rejects(runRecorder({ folder: r.folder }), (error: SidetoneError) => {
      assert.deepEqual([error.code, error.exit], ["database-damaged", 1]);
      assert.equal(error.message, `recorder.storage.database ${file}: file is not a database`);
      assert.ok(error.remedy?.includes(`move ${file}`) && error.remedy.includes("new index from the folders"));
      return true;
    });
    renameSync(file, `${file}.damaged`);
    r = await runRecorder({ folder: r.folder });
    await untilState(r.url, "kept", "complete");
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
