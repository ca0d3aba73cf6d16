// Transfers and conferences with phones, media and files: what the recordings hold (R2, R24 to R28), what everybody hears.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type ConfigTree,
  goertzel,
  level,
  type RecordingRow,
  type RunningSystem,
  type ScriptedCall,
  type ScriptedPhone,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import { Desk, fileAt } from "./desk.ts";
import { connect, phone, type UpCall } from "./phones.ts";

/** What each phone says, Hz. */
const HZ = { customer: 437, agent: 1013, second: 701 } as const;
/** Level below which nobody speaks. */
const SILENCE = 0.01;
/** R16: what a move may cost, ms. */
const MAX_GAP_MS = 150;

const config: ConfigTree = {
  "sip-server": {
    dns: {
      "7104": { type: "extension", password: "demo-7104", record: true },
      "8000": { type: "routing-point", "default-destination": "7103", "route-timeout": "3s" },
      "8001": { type: "routing-point", "default-destination": "7103", "route-timeout": "10s", treatment: "music" },
    },
    applications: {
      strategy: {
        password: "demo-strategy",
        grants: [{ dns: "*", rights: ["monitor", "route", "record", "userdata"] }],
      },
      desk: {
        password: "demo-desk",
        grants: [{ dns: "*", rights: ["monitor", "control", "userdata", "record", "route"] }],
      },
    },
  },
};

interface Cast {
  readonly desk: Desk;
  readonly customer: ScriptedPhone;
  readonly agent: ScriptedPhone;
  readonly second: ScriptedPhone;
}

async function cast(t: TestContext, system: RunningSystem, dns: readonly [string, string, string]): Promise<Cast> {
  const answering = { kind: "answer", afterMs: 300 } as const;
  const [customer, agent, second] = [
    await phone(t, system, dns[0], { source: tone(HZ.customer) }),
    await phone(t, system, dns[1], { source: tone(HZ.agent), answering: { kind: "answer", afterMs: 100 } }),
    await phone(t, system, dns[2], { source: tone(HZ.second), answering }),
  ];
  const desk = await Desk.open(t, system, "desk", ...dns, "8000", "8001");
  return { desk, customer, agent, second };
}

const near = (heard: number | undefined, wanted: number): boolean =>
  heard !== undefined && Math.abs(heard - wanted) < 8;
const hearsNow = (call: ScriptedCall): number | undefined =>
  call.heard.frequency(performance.now() - 400, performance.now() - 100);

async function hears(call: ScriptedCall, hz: number): Promise<void> {
  assert.ok(await until(() => near(hearsNow(call), hz), 4000), `${hearsNow(call)} Hz is heard, ${hz} wanted`);
}

/** Of what was heard just now a tone is a part. */
async function hearsAmong(call: ScriptedCall, ...tones: readonly number[]): Promise<void> {
  const parts = (): readonly number[] => {
    const samples = call.heard.samples(performance.now() - 500, performance.now() - 100);
    return Object.values(HZ).filter((hz) => 10 * Math.log10(Math.max(goertzel(samples, hz), 1e-20)) > -30);
  };
  const wanted = tones.toSorted((a, b) => a - b);
  const right = await until(
    () =>
      parts()
        .toSorted((a, b) => a - b)
        .join() === wanted.join(),
    4000,
  );
  assert.ok(right, `${parts().join()} Hz are heard, ${wanted.join()} wanted`);
}

/** ConnID of the newest call of a DN. */
async function callOf(desk: Desk, dn: string): Promise<string> {
  const found = (): unknown =>
    desk.told(dn).findLast(({ message }) => message === "EventEstablished" || message === "EventDialing")?.attributes[
      "ConnID"
    ];
  assert.ok(await until(() => found() !== undefined, 3000), `${dn} has no call`);
  return String(found());
}

/** The last thing that a DN is told of its recording. */
async function endsWith(desk: Desk, dn: string, state: string): Promise<void> {
  const told = await until(() => desk.indications(dn).at(-1) === state, 4000);
  assert.ok(told, `${dn} was told ${desk.indications(dn).join()}, ${state} wanted at the end`);
}

/** Which of the tones a channel has in a stretch, by the largest share. */
function toneAt(samples: Int16Array, fromMs: number, toMs: number): number | undefined {
  const [from, to] = [Math.round(fromMs * 8), Math.round(toMs * 8)];
  const all = level(samples, from, to);
  if (all < SILENCE) return undefined;
  const loud = Object.values(HZ).map((hz): [number, number] => [hz, goertzel(samples, hz, from, to)]);
  return loud.toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** The tones of a channel, one after the other; silence is undefined. Stretches of 40 ms. */
function tonesOf(samples: Int16Array): (number | undefined)[] {
  const seen: (number | undefined)[] = [];
  for (let at = 0; at + 40 <= samples.length / 8; at += 40) {
    const now = toneAt(samples, at, at + 40);
    if (seen.length === 0 || seen.at(-1) !== now) seen.push(now);
  }
  return seen;
}

/** The longest silence inside a channel, ms. */
function longestSilence(samples: Int16Array): number {
  let longest = 0;
  let quiet = 0;
  for (let at = 1600; at + 80 <= samples.length - 1600; at += 80) {
    quiet = level(samples, at, at + 80) < SILENCE ? quiet + 10 : 0;
    longest = Math.max(longest, quiet);
  }
  return longest;
}

describe("transfers", () => {
  let system: RunningSystem;
  before(async () => {
    system = await startSystem({ config });
  });
  after(() => system.dispose());

  async function talking(c: Cast): Promise<UpCall & { readonly connId: string }> {
    const call = await connect(c.customer, c.agent);
    return { ...call, connId: await callOf(c.desk, c.agent.id) };
  }

  /** The agent consults the second one, who answers. */
  async function consulting(
    c: Cast,
    connId: string,
  ): Promise<{ readonly consult: string; readonly third: ScriptedCall }> {
    const incoming = c.second.nextCall(8000);
    const asked = await c.desk.client.initiateTransfer({ ThisDN: c.agent.id, ConnID: connId, OtherDN: c.second.id });
    const third = await incoming;
    await third.answered;
    const consult = String(asked.attributes.ConnID);
    return { consult, third };
  }

  test("R24: an unrecorded call is transferred in two steps: the media go between the two that are left", async (t) => {
    const c = await cast(t, system, ["7101", "7102", "7103"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    const { consult, third } = await consulting(c, call.connId);
    await hears(third, HZ.agent);
    await hears(call.callee, HZ.second);
    await c.desk.client.completeTransfer({ ThisDN: "7102", ConnID: call.connId, TransferConnID: consult });
    await call.callee.ended;
    await hears(third, HZ.customer);
    await hears(call.caller, HZ.second);
    const changed = c.desk.told("7103").findLast(({ message }) => message === "EventPartyChanged");
    assert.deepEqual(
      [changed?.attributes["ConnID"], changed?.attributes["PreviousConnID"], changed?.attributes["OtherDN"]],
      [call.connId, consult, "7101"],
    );
    await call.caller.bye();
    await third.ended;
  });

  test("R24, R26: the customer is recorded: the file goes on through the transfer, the second agent on the first one's channel", async (t) => {
    const c = await cast(t, system, ["7001", "7102", "7103"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    const { consult, third } = await consulting(c, call.connId);
    await hears(third, HZ.agent);
    await talk(1000);
    await c.desk.client.completeTransfer({ ThisDN: "7102", ConnID: call.connId, TransferConnID: consult });
    await hears(call.caller, HZ.second);
    await talk(2000);
    await call.caller.bye();
    await third.ended;
    const row = await ownRecording(system, "7001", call.connId);
    const file = await fileAt(system.http("recorder"), row.id);
    const [left, right] = file.channels;
    assert.ok(left !== undefined && right !== undefined);
    // R26: who spoke when, and on which channel.
    const there = (row["participants"] ?? []) as { dn: string; side: string; from: string; to?: string }[];
    assert.deepEqual(
      there.map(({ dn, side }) => [dn, side]),
      [
        ["7001", "customer"],
        ["7102", "agent"],
        ["7103", "agent"],
      ],
    );
    const [, first, next] = there;
    assert.ok(
      (first?.to ?? "") > (first?.from ?? "~") && (next?.from ?? "") >= (first?.to ?? "~"),
      JSON.stringify(there),
    );
    // On hold for the consultation nobody is heard; what comes after it is whole.
    assert.deepEqual(
      tonesOf(right).filter((hz) => hz !== undefined),
      [HZ.agent, HZ.second],
    );
    assert.deepEqual(
      tonesOf(left).filter((hz) => hz !== undefined),
      [HZ.customer, HZ.customer],
    );
  });

  test("R24, R25, R27: the agent is recorded: its recording ends with the transfer, the consultation has its own", async (t) => {
    const c = await cast(t, system, ["7101", "7001", "7103"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    const { consult, third } = await consulting(c, call.connId);
    await hears(third, HZ.agent);
    await talk(1000);
    await c.desk.client.completeTransfer({ ThisDN: "7001", ConnID: call.connId, TransferConnID: consult });
    await hears(third, HZ.customer);
    await hears(call.caller, HZ.second);
    for (const connId of [call.connId, consult]) {
      assert.equal((await ownRecording(system, "7001", connId)).state, "complete");
    }
    await endsWith(c.desk, "7101", "Off");
    await call.caller.bye();
    await third.ended;
  });

  test("R25: from one recorded agent to another in a single step: one recording, without a gap", async (t) => {
    const c = await cast(t, system, ["7101", "7001", "7104"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    await talk(1000);
    const incoming = c.second.nextCall(8000);
    const asked = c.desk.client.singleStepTransfer({ ThisDN: "7001", ConnID: call.connId, OtherDN: "7104" });
    const third = await incoming;
    await asked;
    await third.answered;
    await hears(third, HZ.customer);
    await hears(call.caller, HZ.second);
    await talk(1500);
    await call.caller.bye();
    const row = await ownRecording(system, "7001", call.connId);
    assert.equal(row.state, "complete");
    const [left, right] = (await fileAt(system.http("recorder"), row.id)).channels;
    assert.ok(left !== undefined && right !== undefined);
    const agents = tonesOf(right).filter((hz) => hz !== undefined);
    assert.deepEqual(agents, [HZ.agent, HZ.second]);
    // The customer was heard all the time, also while the second agent's phone rang.
    assert.ok(longestSilence(left) <= MAX_GAP_MS, `${longestSilence(left)} ms of the customer are missing`);
  });

  test("conference: three hear each other; the recorded agent's file has the customer alone on its channel", async (t) => {
    const c = await cast(t, system, ["7101", "7001", "7103"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    const { consult, third } = await consulting(c, call.connId);
    await c.desk.client.completeConference({ ThisDN: "7001", ConnID: call.connId, TransferConnID: consult });
    await hearsAmong(call.caller, HZ.agent, HZ.second);
    await hearsAmong(call.callee, HZ.customer, HZ.second);
    await hearsAmong(third, HZ.customer, HZ.agent);
    await talk(1500);
    // R24: the recorded agent leaves; the others talk on, unrecorded.
    await call.callee.bye();
    await hears(call.caller, HZ.second);
    await hears(third, HZ.customer);
    await endsWith(c.desk, "7101", "Off");
    await call.caller.bye();
    await third.ended;
    const row = await ownRecording(system, "7001", call.connId);
    const [left, right] = (await fileAt(system.http("recorder"), row.id)).channels;
    assert.ok(left !== undefined && right !== undefined);
    assert.deepEqual(new Set(tonesOf(left).filter((hz) => hz !== undefined)), new Set([HZ.customer]));
    const end = right.length / 8;
    const last = right.subarray(Math.round((end - 1200) * 8), Math.round((end - 400) * 8));
    for (const hz of [HZ.agent, HZ.second]) {
      assert.ok(10 * Math.log10(goertzel(last, hz)) > -30, `${hz} Hz is not in the agents' channel of the conference`);
    }
  });

  test("single-step conference of an unrecorded call, and who is deleted from it", async (t) => {
    const c = await cast(t, system, ["7101", "7102", "7103"]);
    const call = await talking(c);
    const incoming = c.second.nextCall(8000);
    const asked = c.desk.client.singleStepConference({ ThisDN: "7102", ConnID: call.connId, OtherDN: "7103" });
    const third = await incoming;
    await third.answered;
    await asked;
    await hearsAmong(call.caller, HZ.agent, HZ.second);
    await hearsAmong(third, HZ.customer, HZ.agent);
    await c.desk.client.deleteFromConference({ ThisDN: "7102", ConnID: call.connId, OtherDN: "7103" });
    await third.ended;
    await hears(call.caller, HZ.agent);
    await call.caller.bye();
    await call.callee.ended;
  });

  test("a phone's blind transfer (REFER) of a call whose customer is recorded: the file goes on", async (t) => {
    const c = await cast(t, system, ["7001", "7102", "7103"]);
    const call = await talking(c);
    await hears(call.caller, HZ.agent);
    await talk(700);
    const incoming = c.second.nextCall(8000);
    const answer = await call.callee.session.request("REFER", {
      headers: [["Refer-To", `<sip:7103@sidetone.local>`]],
    });
    assert.equal(answer.status, 202);
    const third = await incoming;
    await third.answered;
    await call.callee.ended;
    await hears(third, HZ.customer);
    await hears(call.caller, HZ.second);
    await talk(1000);
    await call.caller.bye();
    const row = await ownRecording(system, "7001", call.connId);
    const [left, right] = (await fileAt(system.http("recorder"), row.id)).channels;
    assert.ok(left !== undefined && right !== undefined);
    assert.deepEqual(
      tonesOf(right).filter((hz) => hz !== undefined),
      [HZ.agent, HZ.second],
    );
    assert.ok(longestSilence(left) <= MAX_GAP_MS, `${longestSilence(left)} ms of the customer are missing`);
  });

  test("R2: a strategy routes and wants the agent recorded, with its own id and parameters", async (t) => {
    const c = await cast(t, system, ["7101", "7102", "7103"]);
    const routed = routeOnce(c.desk, "8000", "7102", { record: "destination", id: "routed-1", segment: "gold" });
    const answered = c.agent.nextCall(8000);
    const caller = await c.customer.call("8000");
    const callee = await answered;
    await Promise.all([caller.answered, callee.answered, routed]);
    await hears(callee, HZ.customer);
    await talk(1000);
    await caller.bye();
    await callee.ended;
    const row = await ownRecording(system, "7102", await callOf(c.desk, "7102"));
    assert.deepEqual([row.id, row.state], ["routed-1", "complete"]);
    assert.match(JSON.stringify(row), /"segment":"gold"/);
  });

  test("the example strategy has less than 60 lines, and routes by time of day and by user data", async (t) => {
    const example = fileURLToPath(new URL("../../examples/routing-strategy.ts", import.meta.url));
    assert.ok(readFileSync(example, "utf8").split("\n").length <= 60);
    const answering = { kind: "answer", afterMs: 100 } as const;
    const team = await Promise.all(["7001", "7002", "7003"].map((dn) => phone(t, system, dn, { answering })));
    const customer = await phone(t, system, "7101", { source: tone(HZ.customer) });
    const url = `${system.http("sip-server").replace("http", "ws")}/tlib/v1`;
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", example, url, "8000"]);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    t.after(() => child.kill());
    assert.ok(await until(() => said.includes("routing the calls of 8000"), 8000), said);
    const caller = await customer.call("8000");
    await caller.answered;
    assert.match(said, /(day|night) team, 700[123]/);
    assert.equal(team.flatMap(({ calls }) => calls).length, 1);
    await caller.bye();
  });

  test("a treatment answers: music until the agent answers; then both hear each other; full-time recording of the agent from its answer", async (t) => {
    const c = await cast(t, system, ["7101", "7001", "7103"]);
    const caller = await c.customer.call("8001");
    await caller.answered;
    assert.ok(await until(() => caller.heard.firstSoundAt !== undefined, 4000), "no music is heard");
    const answered = c.agent.nextCall(8000);
    await routeOnce(c.desk, "8001", "7001", {}, true);
    const callee = await answered;
    await callee.answered;
    await hears(caller, HZ.agent);
    await hears(callee, HZ.customer);
    await talk(1000);
    const connId = await callOf(c.desk, "7001");
    await caller.bye();
    await callee.ended;
    const row = await ownRecording(system, "7001", connId);
    const [left, right] = (await fileAt(system.http("recorder"), row.id)).channels;
    assert.ok(left !== undefined && right !== undefined);
    assert.deepEqual(new Set(tonesOf(right).filter((hz) => hz !== undefined)), new Set([HZ.agent]));
  });
});

/** The finished recording of a call. */
async function ownRecording(system: RunningSystem, dn: string, connId: string): Promise<RecordingRow> {
  let row: RecordingRow | undefined;
  const done = await until(async () => {
    row = (await system.recordings(`?dn=${dn}`)).find((one) => one.connId === connId);
    return row !== undefined && row.state !== "recording";
  }, 8000);
  assert.ok(done && row !== undefined, `no finished recording of ${dn} in call ${connId}`);
  return row;
}

/** Routes the next call that waits at a routing point, or the one that does. */
async function routeOnce(
  desk: Desk,
  point: string,
  to: string,
  extensions: Record<string, string>,
  waits = false,
): Promise<void> {
  const before = waits ? 0 : desk.told(point).length;
  const asked = (): string | undefined => {
    const event = desk
      .told(point)
      .slice(before)
      .find(({ message }) => message === "EventRouteRequest");
    return event === undefined ? undefined : String(event.attributes["ConnID"]);
  };
  assert.ok(await until(() => asked() !== undefined, 5000), "no EventRouteRequest");
  await desk.client.routeCall({
    ThisDN: point,
    ConnID: asked() ?? "",
    OtherDN: to,
    RouteType: "Direct",
    Extensions: extensions,
  });
}
