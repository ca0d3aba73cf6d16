import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipServerConfig } from "@sidetone/config";
import { CallScene } from "./call-scene.fixture.ts";
import { phoneSdp } from "./call-rig.ts";
import { preferenceIn } from "./record-attribute.ts";

/** What a phone was told of its recording, in the order of the SDP that it got; `-`: nothing. */
interface Told {
  readonly indications: string[];
  readonly methods: string[];
}

/** A call from 7002, which shows recording, to 7001, which does not and is recorded. */
async function call(
  options: Partial<SipServerConfig["options"]> = {},
): Promise<{ s: CallScene; aware: Told; other: Told; session: Awaited<ReturnType<CallScene["dial"]>> }> {
  const s = await CallScene.with(options, { dn: "7001", record: true }, { dn: "7002", awareOfRecording: true });
  s.rig.mediaServer.telling = true;
  const [aware, other] = ["7002", "7001"].map((dn): Told => {
    const told: Told = { indications: [], methods: [] };
    s.phone(dn).onSdp = (sdp, method) => {
      told.indications.push(/a=record:(\w+)/.exec(sdp)?.[1] ?? "-");
      told.methods.push(method);
    };
    return told;
  });
  assert.ok(aware !== undefined && other !== undefined);
  const session = await s.dial("7002", "7001");
  return { s, aware, other, session };
}

const nothing = new Map<string, string>();

test("RFC 7866 7.1.2: a phone that supports record-aware is told on, paused and off; another one never", async () => {
  const { s, aware, other } = await call();
  assert.equal(aware.indications.at(-1), "on");
  assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "pause", parameters: nothing })), "done");
  assert.equal(aware.indications.at(-1), "paused");
  assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "resume", parameters: nothing })), "done");
  assert.equal(aware.indications.at(-1), "on");
  assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "stop", parameters: nothing })), "done");
  assert.equal(aware.indications.at(-1), "off");
  assert.deepEqual(aware.indications.slice(-4), ["on", "paused", "on", "off"]);
  assert.ok(other.indications.every((one) => one === "-"));
  assert.equal(other.methods.length, 1, "who is not aware is left alone");
  await s.close();
});

test("RFC 7866 7.1.2: a re-INVITE that comes for another reason says it too", async () => {
  const { s, aware } = await call();
  const before = aware.indications.length;
  assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7001")), "done");
  assert.deepEqual(aware.indications.slice(before), ["on"]);
  await s.close();
});

test("RFC 7866 7.1.3: recordpref is only logged, unless the option honours it", async () => {
  for (const [honorRecordpref, expected] of [
    [false, "On"],
    [true, "Paused"],
  ] as const) {
    const { s, aware, session } = await call({ honorRecordpref });
    void session.reinvite({ body: `${phoneSdp(7002)}a=recordpref:pause\r\n`, contentType: "application/sdp" });
    await s.rig.pass(1000);
    assert.equal(s.rig.last?.recording.state, expected);
    assert.equal(aware.indications.at(-1), expected === "On" ? "on" : "paused");
    await s.close();
  }
});

test("recordpref: of the audio before that of the session; what is unknown says nothing", () => {
  const sdp = phoneSdp(7002);
  const session = sdp.replace("t=0 0\r\n", "t=0 0\r\na=recordpref:off\r\n");
  assert.equal(preferenceIn(Buffer.from(session)), "off");
  assert.equal(preferenceIn(Buffer.from(`${session}a=recordpref:on\r\n`)), "on");
  assert.equal(preferenceIn(Buffer.from(`${sdp}a=recordpref:whatever\r\n`)), undefined);
  assert.equal(preferenceIn(Buffer.from(sdp)), undefined);
});
