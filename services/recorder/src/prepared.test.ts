import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, parseRfc3339, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, callMetadata, runRecorder, untilState } from "./testing-src.ts";

test("R17, R16: a prepared session's file begins with its first resume, what is filled in before it included; never resumed, it is empty", {
  timeout: 20_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const preparedAt = systemClock.wallMicros();
  const never = await RtpSource.open(1, preparedAt);
  try {
    const offer = (id: string, startMicros: number, inactive: boolean, ports: [number, number]) =>
      src.body({ ports, metadata: callMetadata({ id, startMicros }), inactive, version: inactive ? 1 : 2 });
    const other: [number, number] = [never.port, never.port + 2];
    const ringing = await src.invite(r.sip, "record=ring@", offer("ring", preparedAt, true, other));
    const uri = "record=prep@";
    await delay(systemClock, 700);
    const answeredAt = systemClock.wallMicros();
    const left = await RtpSource.open(2, answeredAt);
    const right = await RtpSource.open(3, answeredAt);
    const ports: [number, number] = [left.port, right.port];
    const { session, ports: to } = await src.invite(r.sip, uri, offer("prep", preparedAt, true, ports));
    left.report(to[0] ?? 0);
    right.report(to[1] ?? 0);
    let n = 0;
    const talk = async (frames: number): Promise<void> => {
      for (const end = n + frames; n < end; n++) {
        left.send(to[0] ?? 0, left.packet(n, 0, n));
        right.send(to[1] ?? 0, right.packet(n, 5, n));
        await delay(systemClock, Math.max(0, (answeredAt + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000));
      }
    };
    // The client captures again before its offer is here.
    await talk(15);
    assert.equal((await session.reinvite(offer("prep", answeredAt, false, ports))).status, 200);
    await talk(40);
    await session.bye();
    await ringing.session.bye();
    const document = await untilState(r.url, "prep", "complete");
    assert.equal(Math.abs((parseRfc3339(String(document["startTime"])) ?? 0) - answeredAt) < 2000, true);
    const wav = Buffer.from(await (await fetch(`${r.url}/api/v1/recordings/prep/audio`)).arrayBuffer());
    const l = Buffer.from(wav.subarray(58).filter((_, i) => i % 2 === 0));
    for (let f = 0; f < n - 1; f++)
      assert.ok(l.subarray(f * 160, f * 160 + 160).equals(RtpSource.payload(f, 0)), `frame ${f}`);
    assert.ok(Math.abs(l.length - n * 160) <= 800, `${l.length} frames for ${n * 20} ms`);
    const names = (document["events"] as { event: string }[]).map((e) => e.event);
    assert.ok(!names.includes("pause") && !names.includes("gap"), names.join());
    assert.deepEqual(document["warnings"], []);
    const unheard = await untilState(r.url, "ring", "complete");
    assert.equal(unheard["durationMs"], 0);
    assert.ok((unheard["events"] as { event: string }[]).some((e) => e.event === "pause"));
    left.socket.close();
    right.socket.close();
  } finally {
    never.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
