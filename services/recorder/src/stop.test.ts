import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, runRecorder, untilState } from "./testing-src.ts";

test("A recorder that stops lets its clients end their sessions first: complete; who does not gets BYE, and a mark", {
  timeout: 20_000,
}, async () => {
  let r = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  try {
    const body = src.body({ ports: [left.port, left.port + 2] });
    const stopping = await src.invite(r.sip, "record=stopping@", body);
    const staying = await src.invite(r.sip, "record=staying@", body);
    for (const { ports } of [stopping, staying])
      for (let n = 0; n < 10; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
    await delay(systemClock, 300);
    const ended = new Promise<void>((resolve) => staying.session.on("ended", () => resolve()));
    const from = systemClock.now();
    const closed = r.role.close();
    assert.equal((await src.invite(r.sip, "record=new@", body)).response.status, 503);
    await delay(systemClock, 400);
    assert.equal(staying.session.state, "confirmed");
    await stopping.session.bye();
    await ended;
    await closed;
    assert.ok(systemClock.now() - from < 1800);
    r = await runRecorder({ folder: r.folder });
    await untilState(r.url, "stopping", "complete");
    await untilState(r.url, "staying", "partial");
    const again = systemClock.now();
    await r.role.close();
    assert.ok(systemClock.now() - again < 1000, "nobody to wait for");
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
