// SRTP by SDES from Media Server to recorders: one that takes nothing else, and one that takes none.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { passwordOf, type RunningSystem, startSystem, talk, until } from "@sidetone/testing";
import { CALLEE_HZ, CALLER_HZ, Desk, fileAt, finishedAt, hasTone, OwnRecorder, talking } from "./desk.ts";

let system: RunningSystem;
let plain: OwnRecorder;

before(async () => {
  const numbers = ["7401", "7402", "7403", "7404"];
  system = await startSystem({
    mode: "one-process",
    config: ({ recorder }) => ({
      "sip-server": {
        options: { "second-recorder-group": "plain" },
        dns: Object.fromEntries(
          numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: dn === "7401" }]),
        ),
        applications: { desk: { password: "demo-desk", grants: [{ dns: "74*", rights: ["monitor", "record"] }] } },
      },
      "resource-manager": {
        groups: {
          recorders: { resources: [{ address: `sip:127.0.0.1:${recorder};transport=tcp` }] },
          plain: { service: "recording-server", resources: [{ address: OwnRecorder.uriOf(1) }] },
        },
      },
      "media-server": { "recorder-profiles": { recorders: { srtp: "required" }, plain: { srtp: "optional" } } },
      recorder: { srtp: "required", rtp: { ports: "25000-25999" } },
    }),
  });
  plain = new OwnRecorder(system, 1, { srtp: "off" });
  await plain.ready();
  const up = await until(async () => {
    const states = Array.from(await system.metrics("resource-manager")).filter(([name]) =>
      name.startsWith("sidetone_resource_up"),
    );
    return states.length === 3 && states.every(([, value]) => value === 1);
  }, 10_000);
  assert.ok(up, "Resource Manager does not see both recorders");
});
after(async () => {
  await plain.stop();
  await system.stop().finally(() => system.dispose());
});

/** What the Media Server has sent and received, as its journal has it. */
function journal(): string[] {
  return readFileSync(system.journal("media-server"), "utf8").trim().split("\n");
}

test("contract: srtp required is a right recording, also over a pause; optional is a plain one where the recorder has no SRTP", async (t) => {
  const desk = await Desk.open(t, system, "desk", "7401");
  const call = await talking(t, system, "7401", "7402");
  await desk.says("7401", "On");
  await talk(1500);
  await desk.client.recordPause({ ...(await desk.about("7401")) });
  await desk.says("7401", "On", "Paused");
  await talk(500);
  await desk.client.recordResume({ ...(await desk.about("7401")) });
  await desk.says("7401", "On", "Paused", "On");
  await talk(1500);
  await call.caller.bye();
  for (const http of [system.http("recorder"), plain.http]) {
    const row = await finishedAt(http, "7401");
    assert.equal(row.state, "complete", JSON.stringify(row));
    assert.ok(row.durationMs >= 3300, `${row.durationMs} ms`);
    const { channels } = await fileAt(http, row.id);
    for (const [index, hz] of [CALLER_HZ, CALLEE_HZ].entries()) {
      const samples = channels[index] ?? new Int16Array(0);
      hasTone(samples.subarray(0, 1300 * 8), hz);
      hasTone(samples.subarray(samples.length - 1300 * 8), hz);
    }
  }
  const offers = journal().filter((line) => line.includes("INVITE sip:record="));
  assert.ok(
    offers.some((line) => line.includes("RTP/SAVP")),
    "nothing was offered protected",
  );
  const refusals = journal().filter((line) => line.includes("SIP/2.0 488"));
  assert.ok(refusals.some((line) => line.includes("this recorder takes no SRTP")));
});

test("RFC 4568 9: no key stands in a journal, log, manifest or database; that keys go in the clear is said at the start, once", () => {
  const files = readdirSync(system.folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".g711"))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"));
  assert.ok(files.some((text) => text.includes("inline:(masked)")));
  for (const text of files) assert.doesNotMatch(text, /inline:[A-Za-z0-9+/]{8}/);
  for (const warning of ["recorder.srtp is required, but keys come", "SRTP keys go to recorders over a transport"]) {
    assert.equal(files.join("\n").split(warning).length, 2, warning);
  }
});
