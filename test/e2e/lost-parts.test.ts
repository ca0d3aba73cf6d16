// A part dies or hangs while calls are there: the parties keep each other, the ledger and the alarm say what is missing.
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { type RunningSystem, startSystem, talk, tone, until } from "@sidetone/testing";
import { alarms, connect, hearsEachOther, ledgerSays, phone, recordingOf, recordingState } from "./phones.ts";

/** The next recorded call, after a part is back. */
async function nextIsRecorded(t: TestContext, system: RunningSystem): Promise<void> {
  const up = await until(
    async () => (await fetch(`${system.http("resource-manager")}/readyz`)).ok && (await resourcesUp(system)),
    10_000,
  );
  assert.ok(up, "Resource Manager does not see the part again");
  const a = await phone(t, system, "7004", { source: tone(437) });
  const b = await phone(t, system, "7003", { source: tone(1013) });
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  await call.caller.bye();
  assert.equal((await recordingOf(system, "7004")).state, "complete");
  await ledgerSays(system, "7004", "recorded", null);
}

async function resourcesUp(system: RunningSystem): Promise<boolean> {
  const samples = Array.from(await system.metrics("resource-manager"));
  const up = samples.filter(([name]) => name.startsWith("sidetone_resource_up"));
  return up.length >= 2 && up.every(([, value]) => value === 1);
}

describe("the Media Server's process is killed", () => {
  test("R17, R34: in a call: the parties hear each other again, GSIP_RECORD is Off, ledger partial, alarm; the next call is recorded", async (t) => {
    const system = await startSystem({ mode: "five-processes", config: { recorder: { "rtp-timeout": "5s" } } });
    t.after(() => system.dispose());
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await hearsEachOther(call, 437, 1013);
    assert.ok(await until(async () => (await recordingState(system, "7001")) === "On", 3000), "recording is not on");
    await talk(1500);
    await system.killRole("media-server");
    const deadAt = performance.now();
    assert.ok(
      await until(
        () => call.caller.far?.port === call.callee.rtpPort && call.callee.far?.port === call.caller.rtpPort,
        6000,
      ),
      "the phones are not told each other's addresses",
    );
    await hearsEachOther(call, 437, 1013);
    console.log(`audio is back ${Math.round(performance.now() - deadAt)} ms after the Media Server's death`);
    assert.ok(
      await until(async () => (await recordingState(system, "7001")) === "Off", 2000),
      "GSIP_RECORD is not Off",
    );
    assert.ok(alarms(system) > 0, "no alarm");
    assert.equal((await call.caller.hold()).status, 200, "a call without Media Server can be held");
    assert.equal((await call.caller.resume()).status, 200);
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
    await ledgerSays(system, "7001", "partial", /media-server/);
    const row = await recordingOf(system, "7001", 15_000);
    assert.equal(row.state, "partial");
    await system.startRole("media-server");
    await nextIsRecorded(t, system);
    await system.stop();
  });

  test("R17, R34: while the phone rings: the answered call has sound, ledger not-recorded, alarm; the next call is recorded", async (t) => {
    const system = await startSystem({ mode: "five-processes" });
    t.after(() => system.dispose());
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013), answering: { kind: "answer", afterMs: 1500 } });
    const incoming = b.nextCall();
    const caller = await a.call("7002");
    const callee = await incoming;
    await talk(500);
    await system.killRole("media-server");
    await Promise.all([caller.answered, callee.answered]);
    const answeredAt = performance.now();
    await hearsEachOther({ caller, callee }, 437, 1013, 4000);
    console.log(`both hear each other ${Math.round(performance.now() - answeredAt)} ms after the answer`);
    assert.ok(alarms(system) > 0, "no alarm");
    await caller.bye();
    await ledgerSays(system, "7001", "not-recorded", /media-server/);
    await system.startRole("media-server");
    await nextIsRecorded(t, system);
    await system.stop();
  });
});

/** A recorder that takes connections and says 100 to INVITE, then nothing; `mute`: not even that. */
async function hangingRecorder(t: TestContext, mute: boolean): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        const whole = end + 4 + Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
        if (text.length < whole) return;
        text = text.slice(whole);
        const status = { OPTIONS: "200 OK", CANCEL: "200 OK", INVITE: "100 Trying" }[head.split(" ")[0] ?? ""];
        if (mute || status === undefined) continue;
        const kept = head.split("\r\n").filter((line) => /^(via|from|to|call-id|cseq)\s*:/i.test(line));
        socket.write(`SIP/2.0 ${status}\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

describe("a recorder that hangs", () => {
  for (const [title, mute, reason] of [
    ["says 100 and then nothing", false, /^recorder-no-answer/],
    ["takes connections and is silent", true, /^no-recorder|^recorder-no-answer/],
  ] as const) {
    test(`R17: a recorder that ${title}: the parties talk, alarm within 8 s, ledger not-recorded`, async (t) => {
      const port = await hangingRecorder(t, mute);
      const system = await startSystem({
        mode: "one-process",
        waitFor: ["sip-server", "media-server"],
        config: {
          "resource-manager": {
            groups: { recorders: { resources: [{ address: `sip:127.0.0.1:${port};transport=tcp` }] } },
          },
        },
      });
      t.after(() => system.dispose());
      await talk(1500); // Resource Manager asks the stand-in how it is
      const a = await phone(t, system, "7001", { source: tone(437) });
      const b = await phone(t, system, "7002", { source: tone(1013) });
      const call = await connect(a, b);
      await hearsEachOther(call, 437, 1013);
      assert.ok(await until(() => alarms(system) > 0, 8000), "no alarm within 8 s");
      assert.notEqual(await recordingState(system, "7001"), "On");
      await hearsEachOther(call, 437, 1013);
      await call.caller.bye();
      await call.callee.ended;
      await ledgerSays(system, "7001", "not-recorded", reason);
      await system.stop();
    });
  }
});
