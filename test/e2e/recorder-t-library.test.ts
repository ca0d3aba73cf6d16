// The recorder is a T-Library client: what SIP Server says of a call stands in its recording, and is searched for.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { passwordOf, type RunningSystem, startSystem, talk, until } from "@sidetone/testing";
import { Desk, talking } from "./desk.ts";
import { recordingOf } from "./phones.ts";

let system: RunningSystem;

const tLibrary = (port: number, password: string): Record<string, string | string[]> => ({
  url: `ws://127.0.0.1:${port}/tlib/v1`,
  application: "recorder",
  password,
  mask: ["card"],
});

before(async () => {
  const numbers = ["7501", "7502", "7503", "7504"];
  system = await startSystem({
    mode: "five-processes",
    config: ({ httpSip }) => ({
      "sip-server": {
        dns: Object.fromEntries(
          numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: Number(dn) % 2 === 1 }]),
        ),
        applications: {
          desk: { password: "demo-desk", grants: [{ dns: "75*", rights: ["monitor", "control", "userdata"] }] },
          recorder: { password: "demo-recorder", grants: [{ dns: "*", rights: ["monitor"] }] },
        },
      },
      recorder: { "t-library": tLibrary(httpSip, "demo-recorder") },
    }),
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

test("user data, ANI and DNIS of a call are in its recording and its files, masked where it is said, and found", async (t) => {
  const desk = await Desk.open(t, system, "desk", "7501");
  const call = await talking(t, system, "7501", "7502");
  await desk.says("7501", "On");
  const about = await desk.about("7501");
  await desk.client.attachUserData({ ...about, UserData: { Order: "Nr-4711", Card: "4000 1234" } });
  const live = await until(async () => {
    const [row] = await system.recordings("?dn=7501");
    return (row?.["userData"] as Record<string, string> | undefined)?.["Order"] === "Nr-4711";
  }, 5000);
  assert.ok(
    live,
    `user data are not there while the call is up: ${JSON.stringify(await system.recordings("?dn=7501"))}`,
  );
  await call.caller.hold();
  await call.caller.resume();
  await talk(500);
  await call.caller.bye();
  const row = await recordingOf(system, "7501");
  assert.equal(row.state, "complete");
  assert.deepEqual(row["userData"], { Order: "Nr-4711", Card: "***" });
  const names = (row.events ?? []).filter((event) => event["source"] === "t-library").map((event) => event["event"]);
  assert.deepEqual(names, ["hold", "retrieve"]);
  for (const query of ["ani=7501", "dnis=7502", "q=nr-4711"])
    assert.deepEqual(
      (await system.recordings(`?${query}`)).map(({ id }) => id),
      [row.id],
      query,
    );
  const root = join(system.folder, "recordings");
  const manifest = readdirSync(root, { recursive: true, encoding: "utf8" }).find((path) =>
    path.endsWith(`${row.id}/manifest.jsonl`),
  );
  const text = readFileSync(join(root, manifest ?? assert.fail("no manifest")), "utf8");
  assert.match(text, /"type":"call".*Nr-4711/);
  assert.doesNotMatch(text, /4000 1234/);
  assert.equal((await system.metrics("recorder")).get("sidetone_recorder_t_library_up"), 1);
});

test("SIP Server goes away in mid-call: the recording goes on, and says what it may lack", async (t) => {
  const call = await talking(t, system, "7503", "7504");
  assert.ok(await until(async () => (await system.recordings("?dn=7503")).length === 1, 5000), "not recorded");
  await talk(1000);
  await system.killRole("sip-server");
  await system.startRole("sip-server");
  const up = (): Promise<boolean> =>
    system.metrics("recorder").then((metrics) => metrics.get("sidetone_recorder_t_library_up") === 1);
  assert.ok(await until(up, 15_000), system.output.slice(-2000));
  await talk(1000);
  await call.caller.bye();
  const row = await recordingOf(system, "7503", 15_000);
  const warnings = row["warnings"] as readonly { readonly code: string }[];
  assert.ok(
    warnings.some(({ code }) => code === "t-library-gap"),
    JSON.stringify(row),
  );
  assert.ok(row.durationMs > 2500, `${row.durationMs} ms`);
});
