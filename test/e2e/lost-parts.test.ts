// runs: alone
// A part dies or hangs while calls are there: the parties keep each other, the ledger and the alarm say what is missing.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { join } from "node:path";
import {
  type ConfigTree,
  gaps,
  overlay,
  readWav,
  type RecordingRow,
  type RunningSystem,
  startSystem,
  type SystemPorts,
  SystemProcess,
  talk,
  tone,
  until,
} from "@sidetone/testing";
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

/** A call of two phones, one of them 7001: they hear each other (437 and 1013 Hz), and the recording is on. */
async function recordedCall(
  t: TestContext,
  system: RunningSystem,
  from: string,
  to: string,
): ReturnType<typeof connect> {
  const a = await phone(t, system, from, { source: tone(437) });
  const b = await phone(t, system, to, { source: tone(1013) });
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  assert.ok(await until(async () => (await recordingState(system, "7001")) === "On", 3000), "recording is not on");
  return call;
}

describe("the Media Server's process is killed", () => {
  test("R17, R34: in a call: the parties hear each other again, GSIP_RECORD is Off, ledger partial, alarm; the next call is recorded", async (t) => {
    const system = await startSystem({ mode: "five-processes", config: { recorder: { "rtp-timeout": "5s" } } });
    t.after(() => system.dispose());
    const call = await recordedCall(t, system, "7001", "7002");
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

/** Longest time without sound in a channel of a recording, between its first and its last sound, ms. */
function longestGap(channel: Int16Array): number {
  return Math.max(0, ...gaps(channel, 25).map(({ lengthMs }) => lengthMs));
}

/** A second recorder beside the system's own, with a storage of its own. */
class SecondRecorder {
  readonly http = "http://127.0.0.1:8085";
  readonly process: SystemProcess;

  constructor(system: RunningSystem) {
    const whole = JSON.parse(readFileSync(system.configFile, "utf8")) as ConfigTree;
    const { recorder } = overlay(whole, {
      recorder: {
        listen: ["tcp://127.0.0.1:5091"],
        http: this.http,
        rtp: { ports: "32000-32767" },
        "sip-journal": join(system.folder, "second.journal"),
        storage: {
          directory: join(system.folder, "second"),
          database: `sqlite:${join(system.folder, "second.sqlite")}`,
        },
      },
    });
    const file = join(system.folder, "second.yaml");
    writeFileSync(file, JSON.stringify({ recorder }));
    this.process = new SystemProcess("second", ["start", "recorder", "--config", file], {
      cwd: system.folder,
      env: {},
      logFile: join(system.folder, "second.log"),
    });
  }
}

function twoRecorders({ recorder }: SystemPorts): ConfigTree {
  const address = (port: number): ConfigTree => ({ address: `sip:127.0.0.1:${port};transport=tcp` });
  return {
    "resource-manager": { groups: { recorders: { resources: [address(recorder), address(5091)] } } },
    recorder: { rtp: { ports: "25000-31999" } },
  };
}

/** Recordings of 7001 at a recorder itself. */
async function recordingsAt(http: string): Promise<RecordingRow[]> {
  const response = await fetch(`${http}/api/v1/recordings?dn=7001`);
  return ((await response.json()) as { recordings: RecordingRow[] }).recordings;
}

describe("the recorder's process is killed in a call", () => {
  test("R31, R17, R34: the only one, for good: GSIP_RECORD is Off within 12 s, when what is kept is full, alarm, ledger partial; the parties hear each other", async (t) => {
    const system = await startSystem({ mode: "five-processes" });
    t.after(() => system.dispose());
    const call = await recordedCall(t, system, "7101", "7001");
    await system.killRole("recorder");
    const deadAt = performance.now();
    const off = await until(async () => (await recordingState(system, "7001")) === "Off", 12_000);
    console.log(`GSIP_RECORD is Off ${Math.round(performance.now() - deadAt)} ms after the recorder's death`);
    assert.ok(off, "GSIP_RECORD is not Off within 12 s");
    assert.ok(alarms(system) > 0, "no alarm");
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
    await call.callee.ended;
    await ledgerSays(system, "7001", "partial", /^(recorder-lost|no-recorder|recorder-no-answer) \(/);
    await system.startRole("recorder");
    await nextIsRecorded(t, system);
    await system.stop();
  });

  test("R31: the only one, and started again after 1 s: one recording, a higher epoch, nothing is missing in it", async (t) => {
    const system = await startSystem({ mode: "five-processes" });
    t.after(() => system.dispose());
    const call = await recordedCall(t, system, "7101", "7001");
    await talk(2000);
    const killedAt = performance.now();
    await system.killRole("recorder");
    await talk(1000);
    await system.startRole("recorder");
    const awayMs = performance.now() - killedAt;
    await talk(5000);
    const state = await recordingState(system, "7001");
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
    await call.callee.ended;
    const row = await recordingOf(system, "7001");
    const { channels } = readWav(await system.fetchAudio(row.id));
    const missing = channels.map(longestGap);
    const [line] = await system.ledger("7001");
    console.log(
      `missing per side: ${missing.join(", ")} ms of ${row.durationMs}; ledger ${line?.outcome} ${line?.reason}`,
    );
    if (awayMs > 9000) {
      // A machine so busy that the recorder was away for as long as the Media Server waits (10 s): then it must be said.
      await ledgerSays(system, "7001", "partial", /^(recorder-lost|no-recorder|recorder-no-answer) \(/);
      await system.stop();
      return;
    }
    assert.equal(state, "On");
    assert.ok(missing.length === 2 && missing.every((ms) => ms <= 60), `${missing.join(", ")} ms are missing`);
    assert.ok(
      Math.abs(row.durationMs - call.caller.durationMs) < 300,
      `${row.durationMs} of ${call.caller.durationMs} ms`,
    );
    const sessions = (row.events ?? []).filter(({ event }) => event === "session");
    assert.ok(new Set(sessions.map(({ epoch }) => epoch)).size > 1, JSON.stringify(row.events));
    await ledgerSays(system, "7001", "recorded", null);
    await system.stop();
  });

  for (const [title, hangs] of [
    ["is killed: the other one takes over, nothing is lost", false],
    ["hangs: the other one takes over, nothing is lost", true],
  ] as const) {
    test(`R31, R34: one of two ${title}; the parties notice nothing`, async (t) => {
      const system = await startSystem({ mode: "five-processes", config: twoRecorders });
      t.after(() => system.dispose());
      const second = new SecondRecorder(system);
      t.after(() => second.process.killGroup());
      assert.ok(await until(async () => await resourcesUp(system), 10_000), "the second recorder is not up");
      const call = await recordedCall(t, system, "7101", "7001");
      await talk(3000);
      const own = system.processes.find(({ name }) => name === "recorder");
      const first = (await recordingsAt(system.http("recorder"))).length > 0;
      const [lost, other] = first ? [own, second.http] : [second.process, system.http("recorder")];
      assert.ok(lost !== undefined);
      const lostAt = performance.now();
      process.kill(-lost.pid, hangs ? "SIGSTOP" : "SIGKILL");
      await talk(hangs ? 6000 : 4000);
      assert.equal(await recordingState(system, "7001"), "On");
      await call.caller.bye();
      await call.callee.ended;
      const rest = performance.now() - lostAt;
      for (const { heard } of [call.caller, call.callee]) {
        assert.ok(heard.longestPauseMs < 300, `${heard.longestPauseMs} ms without a packet`);
      }
      let rows: RecordingRow[] = [];
      const closed = async (): Promise<boolean> => {
        rows = await recordingsAt(other);
        return rows.length === 1 && rows[0]?.state !== "recording";
      };
      assert.ok(await until(closed, 5000), JSON.stringify(rows));
      const audio = await fetch(`${other}/api/v1/recordings/${encodeURIComponent(rows[0]?.id ?? "")}/audio`);
      const { channels } = readWav(Buffer.from(await audio.arrayBuffer()));
      const soundMs = channels.map((channel) => (channel.length - channel.findIndex((s) => Math.abs(s) > 500)) / 8);
      assert.ok(channels.every((channel) => longestGap(channel) < 60));
      const before = Math.min(...soundMs) - rest;
      console.log(`the other recorder has the call from ${Math.round(before)} ms before the loss on`);
      assert.ok(before > 1000, "the last second that the lost one may not have on its disk is at the other one");
      await ledgerSays(system, "7001", "recorded", null);
    });
  }
});
