import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig } from "../signalling/call-rig.ts";
import { CallScene } from "../signalling/call-scene.fixture.ts";

const timers = { expires: 100, minSe: 90 };
const dns = [
  { dn: "7001", record: true },
  { dn: "7002" },
  { dn: "7003" },
  { dn: "pstn", type: "trunk", contact: "sip:127.0.0.1:7009", prefix: "9", capacity: 1 },
] as const;

function scene(): Promise<CallScene> {
  return CallScene.at(new CallRig(dns, {}, { sessionTimer: timers }), dns.slice(0, 3));
}

/** A recorded call of 7002 to 7001 with session timers. */
async function recordedCall(): Promise<CallScene> {
  const s = await scene();
  s.rig.mediaServer.telling = true;
  await s.dial("7002", "7001");
  return s;
}

test("R33, RFC 4028: a restored call is refreshed in both roles, for as long as it lasts", async () => {
  const s = await recordedCall();
  for (let restarts = 0; restarts < 3; restarts += 1) {
    await s.rig.pass(35_000);
    await s.rig.restart(5000);
  }
  await s.rig.pass(150_000);
  assert.equal(s.rig.calls.size, 1);
  assert.deepEqual([s.phone("7001").up.length, s.phone("7002").up.length], [1, 1]);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R33: SIP Server stays away: every dialog ends by its session timer, at the phones and at the Media Server", async () => {
  const s = await recordedCall();
  s.rig.kill();
  await s.rig.pass(60_000);
  assert.deepEqual([s.phone("7001").up.length, s.phone("7002").up.length], [1, 1]);
  await s.rig.pass(10_000);
  assert.deepEqual([s.phone("7001").up.length, s.phone("7002").up.length], [0, 0]);
  assert.equal(s.rig.mediaServer.legs.filter(({ state }) => state === "confirmed").length, 0);
  // When it comes back at last, it finds nobody.
  await s.rig.restart(600_000);
  await s.rig.pass(5000);
  assert.equal(s.rig.calls.size, 0);
  await s.nothingLeft();
  assert.equal(s.rig.kept.rows.size, 0);
  await s.close();
});

test("R33: a trunk's capacity is taken by the calls that are restored, and free after them", async () => {
  const s = await scene();
  const trunk = s.rig.newEndpoint();
  await trunk.listen({ transport: "udp", host: "127.0.0.1", port: 7009 });
  trunk.onRequest = (tx) => trunk.accept(tx).accept({ body: tx.request.body, contentType: "application/sdp" });
  const call = await s.dial("7002", "94711");
  await s.rig.pass(100);
  assert.equal(s.rig.trunks.inUse("pstn"), 1);
  await s.rig.restart();
  assert.equal(s.rig.trunks.inUse("pstn"), 1);
  call.terminate();
  await s.rig.pass(1000);
  assert.equal(s.rig.trunks.inUse("pstn"), 0);
  await trunk.close();
  await s.close();
});

test("R33, R30: the Media Server died while SIP Server was away: the restored call notices, and has sound again", async () => {
  const s = await recordedCall();
  await s.rig.pass(1000);
  s.rig.kill();
  const { mediaServer } = s.rig;
  // Another process at the same address, which knows nothing of the call.
  for (const leg of mediaServer.legs) leg.terminate();
  await s.rig.restart(40_000);
  await s.rig.pass(20_000);
  assert.equal(s.rig.calls.size, 1);
  const up = mediaServer.legs.filter(({ state }) => state === "confirmed");
  assert.equal(up.length, 2, "the call is at no Media Server");
  const ports = up.map((leg) => /m=audio (\d+)/.exec(leg.localSdp?.toString() ?? "")?.[1] ?? "");
  const heard = ["7001", "7002"].map((dn) => s.phone(dn).hears.split(" ")[0] ?? "");
  assert.deepEqual(heard.toSorted(), ports.toSorted());
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});
