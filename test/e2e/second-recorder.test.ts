// R10: a second recorder group is configured: every recording lies in both, and each copy lives and fails on its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gaps, passwordOf, type RunningSystem, startSystem, talk, until } from "@sidetone/testing";
import { CALLEE_HZ, CALLER_HZ, Desk, fileAt, finishedAt, hasTone, OwnRecorder, recordingsAt, talking } from "./desk.ts";
import { hearsEachOther } from "./phones.ts";

let system: RunningSystem;
/** The recorder of the second group. */
let vault: OwnRecorder;

before(async () => {
  const numbers = ["7301", "7302", "7303", "7304", "7305", "7306"];
  system = await startSystem({
    mode: "one-process",
    config: ({ recorder }) => ({
      "sip-server": {
        options: { "second-recorder-group": "vault" },
        dns: Object.fromEntries(
          numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: Number(dn) < 7305 }]),
        ),
        applications: {
          desk: { password: "demo-desk", grants: [{ dns: "73*", rights: ["monitor", "record"] }] },
        },
      },
      "resource-manager": {
        groups: {
          // The second group stands first: a recording that names no group would go there.
          vault: { service: "recording-server", resources: [{ address: OwnRecorder.uriOf(1) }] },
          recorders: { resources: [{ address: `sip:127.0.0.1:${recorder};transport=tcp` }] },
        },
      },
      recorder: { rtp: { ports: "25000-25999" } },
    }),
  });
  vault = new OwnRecorder(system, 1);
  await vault.ready();
  const up = await until(async () => {
    const samples = Array.from(await system.metrics("resource-manager"));
    const states = samples.filter(([name]) => name.startsWith("sidetone_resource_up"));
    return states.length === 3 && states.every(([, value]) => value === 1);
  }, 10_000);
  assert.ok(up, "Resource Manager does not see both recorders");
});
after(async () => {
  await vault.stop();
  await system.stop().finally(() => system.dispose());
});

async function isWhole(http: string, dn: string, leastMs: number): Promise<string> {
  const row = await finishedAt(http, dn);
  assert.equal(row.state, "complete", JSON.stringify(row));
  assert.ok(row.durationMs >= leastMs, `${row.durationMs} of at least ${Math.round(leastMs)} ms`);
  const { channels } = await fileAt(http, row.id);
  for (const [index, hz] of [CALLER_HZ, CALLEE_HZ].entries()) {
    const samples = channels[index];
    assert.ok(samples !== undefined);
    hasTone(samples, hz);
    assert.deepEqual(gaps(samples, 100), [], `gaps in channel ${index}`);
  }
  return row.id;
}

/** Host and copy of the Request-URIs of the recording INVITEs that the Media Server has sent for an id. */
function invited(id: string): string[] {
  return readFileSync(system.journal("media-server"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { direction: string; start: string; text: string })
    .filter(({ direction, start }) => direction === "out" && start.startsWith("INVITE sip:record="))
    .map(({ text }) => text.split(" ", 2)[1] ?? "")
    .filter((uri) => uri.includes(`record=${id}@`) && !uri.includes("@127."))
    .map((uri) => `${/@([^;]*)/.exec(uri)?.[1]} ${/;copy=(\d)/.exec(uri)?.[1]}`);
}

describe("second-recorder-group", () => {
  test("R10: a full-time recorded call lies in both groups, complete", async (t) => {
    const call = await talking(t, system, "7301", "7302");
    const startedAt = performance.now();
    await talk(2500);
    await call.caller.bye();
    const lengthMs = performance.now() - startedAt;
    const ids = [
      await isWhole(system.http("recorder"), "7301", lengthMs - 200),
      await isWhole(vault.http, "7301", lengthMs - 200),
    ];
    assert.equal(ids[1], `${ids[0]}~c2`);
    assert.deepEqual(new Set(invited(ids[0] ?? "")), new Set(["recorders 1", "vault 2"]));
  });

  test("R10: a recording that a client starts without dest and dest2 is duplicated too", async (t) => {
    const desk = await Desk.open(t, system, "desk", "7305");
    const call = await talking(t, system, "7305", "7306");
    await desk.client.recordStart({ ...(await desk.about("7305")), Extensions: { id: "asked-for" } });
    await desk.says("7305", "On");
    const startedAt = performance.now();
    await talk(2000);
    await call.caller.bye();
    const lengthMs = performance.now() - startedAt;
    assert.equal(await isWhole(system.http("recorder"), "7305", lengthMs - 200), "asked-for");
    assert.equal(await isWhole(vault.http, "7305", lengthMs - 200), "asked-for~c2");
  });

  test("R10: the second recorder is killed: the first copy is complete, the call and GSIP_RECORD do not notice", async (t) => {
    const desk = await Desk.open(t, system, "desk", "7303");
    const call = await talking(t, system, "7303", "7304");
    await desk.says("7303", "On");
    const startedAt = performance.now();
    const begun = await until(async () => (await recordingsAt(vault.http, "?dn=7303")).length === 1, 5000);
    assert.ok(begun, "the second copy does not run");
    await talk(1000);
    await vault.kill();
    // R31: longer than the Media Server looks for another recorder of that group, which has none.
    await talk(12_000);
    await hearsEachOther(call, CALLER_HZ, CALLEE_HZ);
    assert.deepEqual(desk.indications("7303"), ["On"]);
    await call.caller.bye();
    await isWhole(system.http("recorder"), "7303", performance.now() - startedAt - 400);
    const { recordings } = (await (await fetch(`${system.http("recorder")}/api/v1/recordings?dn=7303`)).json()) as {
      recordings: unknown[];
    };
    assert.equal(recordings.length, 1, "the second copy never goes where the first is");
    const { ledger } = (await (await system.get("/api/v1/ledger?dn=7303")).json()) as {
      ledger: { outcome: string; reason: string | null }[];
    };
    assert.equal(ledger[0]?.outcome, "partial", JSON.stringify(ledger));
    assert.match(ledger[0]?.reason ?? "", /recorder-lost/);
  });
});
