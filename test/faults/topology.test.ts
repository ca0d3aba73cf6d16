// runs: alone
// Parts of a topology, their processes and configuration: what tests of lost parts build upon.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { ScriptedPhone, samplesAt, startTopology, type Topology, tone, until } from "@sidetone/testing";

/** Whether the first Resource Manager sees a part. */
async function sees(topology: Topology, name: string): Promise<boolean> {
  const samples = Array.from(await samplesAt(topology.http("resource-manager-1")));
  const found = samples.find(
    ([key]) => key.startsWith("sidetone_resource_up") && key.includes(`:${topology.place(name).sip}`),
  );
  assert.ok(found !== undefined, `no metric of ${name}`);
  return found[1] === 1;
}

test("a topology of two of each: parts are killed, frozen and started again by name, a recorded call goes through it", async (t) => {
  const topology = await startTopology();
  t.after(() => topology.dispose());
  assert.equal(topology.names().length, 8);
  assert.deepEqual(topology.names("recorder"), ["recorder-1", "recorder-2"]);
  assert.throws(() => topology.place("recorder-3"), /there are sip-server/);
  assert.ok((await sees(topology, "media-server-1")) && (await sees(topology, "recorder-2")));

  await topology.kill("media-server-1");
  assert.equal(topology.process("media-server-1").running, false);
  assert.ok(await until(async () => !(await sees(topology, "media-server-1")), 5000), "a killed part is seen");
  topology.freeze("recorder-2");
  assert.ok(await until(async () => !(await sees(topology, "recorder-2")), 5000), "a frozen part is seen");
  topology.thaw("recorder-2");
  await topology.restart("media-server-1");
  await topology.seesAll();

  const phones = await Promise.all(
    ["7001", "7002"].map((user, n) =>
      ScriptedPhone.open({ user, password: topology.passwordOf(user), server: topology.sip, source: tone(437 + n) }),
    ),
  );
  t.after(() => Promise.all(phones.map((phone) => phone.close())));
  await Promise.all(phones.map((phone) => phone.registered()));
  const [caller, callee] = phones;
  const incoming = caller?.nextCall();
  const made = await callee?.call("7001");
  await Promise.all([made?.answered, incoming]);
  assert.ok(await until(async () => (await topology.recordings()).length === 1, 5000), "no recorder has the call");
  await made?.bye();
  assert.ok(await until(async () => (await topology.recordings())[0]?.state === "complete", 5000));
  const [row] = await topology.recordings();
  assert.ok(row !== undefined && topology.names("recorder").includes(row.at));
  assert.equal((await topology.audio(row)).toString("latin1", 0, 4), "RIFF");
  assert.equal((await topology.ledger("?dn=7001"))[0]?.outcome, "recorded");
  await topology.stop();
  topology.dispose();
  assert.equal(existsSync(topology.folder), false);
});
