// mode: both
// What phones can do through the SIP Server: registration, call progress, refusals, changes in mid-call.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CallRefused,
  dominantFrequency,
  passwordOf,
  readWav,
  type RunningSystem,
  ScriptedPhone,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import { connect, hearsEachOther, phone, recordingOf } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  const dns = { "7011": { type: "extension", password: passwordOf("7011"), record: true } };
  system = await startSystem({ config: { "sip-server": { options: { "no-answer-timeout": "3s" }, dns } } });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

function refusedWith(...statuses: number[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CallRefused, String(error));
    assert.ok(statuses.includes(error.status), `${error.message} instead of ${statuses.join(" or ")}`);
    return true;
  };
}

describe("registration", () => {
  test("RFC 7616: a wrong password and an unknown DN get the same final answer", async (t) => {
    const statuses: number[] = [];
    for (const [user, password] of [
      ["7101", "wrong"],
      ["7999", "wrong"],
    ] as const) {
      const one = await ScriptedPhone.open({ user, password, server: system.sip });
      t.after(() => one.close());
      statuses.push((await one.register()).status);
    }
    assert.equal(statuses[0], statuses[1]);
    assert.ok(statuses[0] === 401 || statuses[0] === 403, String(statuses[0]));
  });

  test("RFC 7616: a DN with SHA-256 registers", async (t) => {
    await phone(t, system, "7006");
  });

  test("RFC 3261 10.3: TCP registers; expires 0 takes the contact away", async (t) => {
    const one = await phone(t, system, "7103", { transport: "tcp" });
    const gone = await one.register(0);
    assert.equal(gone.status, 200);
    assert.equal(gone.headers.get("Contact"), undefined);
    const other = await phone(t, system, "7104");
    await assert.rejects((await other.call("7103")).answered, refusedWith(404, 480));
  });

  test("RFC 3261 11: OPTIONS to the SIP Server is answered", async (t) => {
    const one = await phone(t, system, "7104");
    const response = await one.endpoint.options(`sip:127.0.0.1:${system.sip.port}`, 3000);
    assert.equal(response?.status, 200);
  });
});

describe("call progress and refusals", () => {
  test("a call that is not recorded has its media directly between the phones", async (t) => {
    const a = await phone(t, system, "7101", { source: tone(437) });
    const b = await phone(t, system, "7102", { source: tone(1013) });
    const call = await connect(a, b);
    await hearsEachOther(call, 437, 1013);
    assert.equal(call.caller.far?.port, call.callee.rtpPort);
    assert.equal(call.callee.far?.port, call.caller.rtpPort);
    await call.caller.bye();
    await call.callee.ended;
  });

  test("media: anchored goes through the Media Server without a recording", async (t) => {
    const a = await phone(t, system, "7005", { source: tone(437) });
    const b = await phone(t, system, "7102", { source: tone(1013) });
    const call = await connect(a, b);
    await hearsEachOther(call, 437, 1013);
    assert.notEqual(call.caller.far?.port, call.callee.rtpPort);
    await call.caller.bye();
    assert.deepEqual(await system.recordings("?dn=7005"), []);
  });

  test("ringing, then CANCEL: 487 to the caller, the callee stops ringing", async (t) => {
    const a = await phone(t, system, "7001");
    const b = await phone(t, system, "7002", { answering: { kind: "ring" } });
    const incoming = b.nextCall();
    const call = await a.call("7002");
    const ringing = await incoming;
    assert.ok(await until(() => call.progress.includes(180), 3000), "no 180");
    call.cancel();
    await assert.rejects(call.answered, refusedWith(487));
    await ringing.ended;
  });

  test("busy: 486 reaches the caller", async (t) => {
    const a = await phone(t, system, "7001");
    await phone(t, system, "7002", { answering: { kind: "reject", status: 486 } });
    await assert.rejects((await a.call("7002")).answered, refusedWith(486));
  });

  test("no answer: the caller gets 480 (or 408) after no-answer-timeout, the callee a CANCEL", async (t) => {
    const a = await phone(t, system, "7001");
    const b = await phone(t, system, "7002", { answering: { kind: "ring" } });
    const call = await a.call("7002");
    await assert.rejects(call.answered, refusedWith(480, 408));
    await (await b.nextCall()).ended;
  });

  test("an unknown number gets 404", async (t) => {
    const a = await phone(t, system, "7001");
    await assert.rejects((await a.call("9999999")).answered, refusedWith(404));
  });

  test("a DN that is not registered gets 480 (or 404)", async (t) => {
    const a = await phone(t, system, "7101");
    await assert.rejects((await a.call("7103")).answered, refusedWith(480, 404));
  });

  test("several contacts of a DN all ring, the first answer wins, the others are cancelled", async (t) => {
    const a = await phone(t, system, "7001", { source: tone(437) });
    const slow = await phone(t, system, "7002", { answering: { kind: "ring" } });
    const quick = await phone(t, system, "7002", { source: tone(1013), answering: { kind: "answer", afterMs: 700 } });
    const call = await a.call("7002");
    const [losing, winning] = await Promise.all([slow.nextCall(), quick.nextCall()]);
    await Promise.all([call.answered, winning.answered]);
    await losing.ended;
    await hearsEachOther({ caller: call, callee: winning }, 437, 1013);
    await call.bye();
    await winning.ended;
  });

  test("R16: early media of the callee is heard by the caller of a recorded call, and is not in the file", async (t) => {
    const a = await phone(t, system, "7011", { source: tone(437) });
    const b = await phone(t, system, "7002", {
      source: tone(523),
      answering: { kind: "answer", afterMs: 1500, early: true },
    });
    const incoming = b.nextCall();
    const call = await a.call("7002");
    const callee = await incoming;
    void callee.answered.then(() => callee.play(tone(1013)));
    assert.ok(
      await until(() => Math.abs((call.heard.frequency() ?? 0) - 523) < 8, 1400),
      `heard ${call.heard.frequency()}`,
    );
    assert.equal(call.answeredAt, undefined);
    await Promise.all([call.answered, callee.answered]);
    await talk(2000);
    await call.bye();
    await callee.ended;
    const row = await recordingOf(system, "7011");
    assert.equal(row.state, "complete");
    const { channels, seconds } = readWav(await system.fetchAudio(row.id));
    assert.ok(Math.abs(seconds - callee.durationMs / 1000) <= 0.1, `${seconds} s, up for ${callee.durationMs} ms`);
    const [left, right] = channels;
    assert.ok(left !== undefined && right !== undefined);
    const heardAt = (samples: Int16Array, fromMs: number, toMs: number): number =>
      dominantFrequency(samples, 8 * fromMs, 8 * toMs) ?? 0;
    // A frame of the early tone may be under way when the phone answers.
    for (let ms = 60; ms < 1500; ms += 100) {
      const hz = heardAt(right, ms, ms + 100);
      assert.ok(Math.abs(hz - 1013) < 12, `${ms} ms after the answer the called side has ${hz} Hz`);
    }
    assert.ok(Math.abs(heardAt(left, 300, 1500) - 437) < 8, `caller: ${heardAt(left, 300, 1500)} Hz`);
  });

  test("RFC 3262: reliable provisional responses with PRACK", async (t) => {
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", {
      source: tone(1013),
      answering: { kind: "answer", afterMs: 400, early: true, reliable: true },
    });
    const call = await connect(a, b);
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
  });

  test("RFC 3261 13.2.1: delayed offer: the caller offers in the ACK's answer", async (t) => {
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b, { delayedOffer: true });
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
    await call.callee.ended;
  });
});

describe("changes in mid-call", () => {
  for (const [kind, user] of [
    ["recorded", "7001"],
    ["direct", "7101"],
  ] as const) {
    test(`hold and resume by re-INVITE (${kind})`, async (t) => {
      const a = await phone(t, system, user, { source: tone(437) });
      const b = await phone(t, system, "7102", { source: tone(1013) });
      const call = await connect(a, b);
      await hearsEachOther(call, 437, 1013);
      const held = await call.caller.hold();
      assert.equal(held.status, 200);
      const from = performance.now() + 100;
      await talk(800);
      assert.equal(call.caller.heard.frequency(from, performance.now()), undefined, "a phone that holds hears nothing");
      assert.equal((await call.caller.resume()).status, 200);
      await hearsEachOther(call, 437, 1013);
      await call.callee.bye();
      await call.caller.ended;
    });
  }

  test("RFC 3311: UPDATE in mid-call", async (t) => {
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    assert.equal((await call.caller.change("sendrecv", "UPDATE")).status, 200);
    await hearsEachOther(call, 437, 1013);
    await call.caller.bye();
  });

  test("R10.. RFC 4733: DTMF passes both ways through a recorded call", async (t) => {
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await hearsEachOther(call, 437, 1013);
    await Promise.all([call.caller.digits("159#"), call.callee.digits("*30")]);
    await talk(200);
    assert.equal(call.callee.heard.digits(), "159#");
    assert.equal(call.caller.heard.digits(), "*30");
    await call.caller.bye();
  });

  test("RFC 6086: INFO of a phone passes to the other phone", async (t) => {
    const a = await phone(t, system, "7001");
    const b = await phone(t, system, "7002");
    const call = await connect(a, b);
    const response = await call.caller.session.request("INFO", {
      body: "Signal=5\r\nDuration=160\r\n",
      contentType: "application/dtmf-relay",
    });
    assert.equal(response.status, 200);
    assert.equal(call.callee.requests.at(-1)?.request.body.toString(), "Signal=5\r\nDuration=160\r\n");
    await call.caller.bye();
  });

  test("the call after all of these still is recorded", async (t) => {
    const a = await phone(t, system, "7004", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await talk(1500);
    await call.callee.bye();
    await call.caller.ended;
    assert.equal((await recordingOf(system, "7004")).state, "complete");
    assert.equal(passwordOf("7004"), "demo-7004");
  });
});
