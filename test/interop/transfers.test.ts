// Real phones hold their calls and give them away; the phones of the other two measure what they hear. (RFC 3515, RFC 5589)
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  Baresip,
  dominantFrequency,
  gaps,
  Linphone,
  needs,
  readWav,
  type RecordingRow,
  type RunningSystem,
  type ScriptedCall,
  type ScriptedPhone,
  startSystem,
  talk,
  tone,
  until,
  writePcmWav,
} from "@sidetone/testing";
import { Desk } from "../e2e/desk.ts";
import { hearsEachOther, phone, recordingOf } from "../e2e/phones.ts";

/** R16: longest silence of who stays where the recording goes on, ms. */
const MOVE_GAP_MS = 150;
/** From one agent's last word to the next one's first, ms: a re-INVITE to a phone on a busy machine; nobody talks meanwhile. */
const HANDOVER_GAP_MS = 250;
/** What the three say: who is transferred, who transfers, who comes. */
const [A_HZ, B_HZ, C_HZ] = [437, 1500, 1013];

let system: RunningSystem;

/** Three DNs; which of them are recorded. */
const trios = {
  "720": [],
  "721": ["7211"],
  "722": ["7222"],
  "730": [],
  "731": ["7311"],
  "732": ["7322", "7323"],
} as const;

before(async () => {
  const dns = Object.entries(trios).flatMap(([prefix, recorded]) =>
    [1, 2, 3].map((n): [string, { type: string; password: string; record: boolean }] => {
      const dn = `${prefix}${n}`;
      return [dn, { type: "extension", password: "secret", record: (recorded as readonly string[]).includes(dn) }];
    }),
  );
  const grants = [{ dns: "7*", rights: ["monitor", "control", "record"] }];
  system = await startSystem({
    mode: "one-process",
    config: {
      "sip-server": { dns: Object.fromEntries(dns), applications: { desk: { password: "demo-desk", grants } } },
    },
  });
  writePcmWav(join(system.folder, "b.wav"), tone(B_HZ), 30);
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

interface Trio {
  readonly dns: readonly [string, string, string];
  readonly a: ScriptedPhone;
  readonly c: ScriptedPhone;
  readonly desk: Desk;
}

async function trio(t: TestContext, prefix: keyof typeof trios): Promise<Trio> {
  const dns = [`${prefix}1`, `${prefix}2`, `${prefix}3`] as const;
  const a = await phone(t, system, dns[0], { password: "secret", source: tone(A_HZ) });
  const answering = { kind: "answer", afterMs: 150 } as const;
  const c = await phone(t, system, dns[2], { password: "secret", source: tone(C_HZ), answering });
  const desk = await Desk.open(t, system, "desk", ...dns);
  return { dns, a, c, desk };
}

let phones = 0;

async function baresip(t: TestContext, user: string): Promise<Baresip> {
  phones += 1;
  const made = new Baresip(
    {
      folder: system.folder,
      user,
      password: "secret",
      server: system.sip,
      port: 33_000 + 20 * phones,
      rtpPort: 35_000 + 200 * phones,
      play: join(system.folder, "b.wav"),
    },
    33_900 + phones,
  );
  t.after(() => made.quit());
  await made.registered();
  return made;
}

async function linphone(t: TestContext, user: string): Promise<Linphone> {
  phones += 1;
  const made = new Linphone({
    folder: system.folder,
    user,
    server: system.sip,
    port: 33_000 + 20 * phones,
    rtpPort: 35_000 + 200 * phones,
    play: join(system.folder, "b.wav"),
    answering: "auto",
  });
  t.after(() => made.quit());
  await made.registered();
  return made;
}

/** A calls a real phone, which answers by itself. */
async function callsReal({ a, dns, desk }: Trio): Promise<ScriptedCall> {
  const call = await a.call(dns[1]);
  await call.answered;
  await hears(call, B_HZ);
  await desk.tells(
    `Dialing(${dns[0]}; 1)`,
    `Ringing(${dns[1]}; 1)`,
    `Established(${dns[1]}; 1)`,
    `Established(${dns[0]}; 1)`,
  );
  return call;
}

/** What a phone hears comes to be this tone; undefined: silence. */
async function hears(call: ScriptedCall, hz: number | undefined, ms = 3000): Promise<void> {
  const now = (): number | undefined => call.heard.frequency(performance.now() - 300, performance.now() - 100);
  const good = await until(() => {
    const heard = now();
    return hz === undefined ? heard === undefined : heard !== undefined && Math.abs(heard - hz) < 8;
  }, ms);
  assert.ok(good, `hears ${now()} Hz, wanted ${hz}`);
}

/** The DNs of the calls that are up, by SIP Server's own account. */
async function inCalls(): Promise<string[]> {
  const { calls } = (await (await system.get(`${system.http("sip-server")}/api/v1/calls`)).json()) as {
    calls: { parties: { dn: string; state: string }[] }[];
  };
  return calls.flatMap(({ parties }) => parties.filter(({ state }) => state !== "released").map(({ dn }) => dn)).sort();
}

async function onlyInCalls(...dns: string[]): Promise<void> {
  await until(async () => (await inCalls()).join() === dns.join(), 3000);
  assert.deepEqual(await inCalls(), dns);
}

/** B, a linphone, holds its call and talks to C in one of its own. */
async function consults({ dns, c, desk }: Trio, b: Linphone): Promise<ScriptedCall> {
  const [, B, C] = dns;
  await b.say("pause");
  await desk.tells(`Held(${B}; 1)`);
  const incoming = c.nextCall(10_000);
  await b.say(`call sip:${C}@sidetone.local`);
  const callee = await incoming;
  await callee.answered;
  await hears(callee, B_HZ);
  await desk.tells(`Dialing(${B}; 2)`, `Ringing(${C}; 2)`, `Established(${C}; 2)`, `Established(${B}; 2)`);
  return callee;
}

/** Customer and agent in the only recording of a DN. */
async function channelsOf(dn: string): Promise<readonly [Int16Array, Int16Array]> {
  const row = await recordingOf(system, dn);
  assert.equal(row.state, "complete");
  return (await recorded(row))[1];
}

type Recorded = readonly [row: RecordingRow, channels: readonly [Int16Array, Int16Array]];

/** The recordings of a first call and of the consultation out of it. */
async function bothRecordings(dn: string): Promise<readonly [Recorded, Recorded]> {
  let rows: RecordingRow[] = [];
  await until(async () => {
    rows = await system.recordings(`?dn=${dn}`);
    return rows.length >= 2 && rows.every(({ state }) => state === "complete");
  }, 5000);
  const [first, second, ...more] = rows.toSorted((x, y) => x.startTime.localeCompare(y.startTime));
  assert.ok(first !== undefined && second !== undefined && more.length === 0, JSON.stringify(rows));
  return [await recorded(first), await recorded(second)];
}

async function recorded(row: RecordingRow): Promise<Recorded> {
  const [customer, agent] = readWav(await system.fetchAudio(row.id)).channels;
  assert.ok(customer !== undefined && agent !== undefined);
  return [row, [customer, agent]];
}

/** Who took part, by the recorder's index. */
function dnsOf(row: RecordingRow): string[] {
  return (row["participants"] as { dn: string }[]).map(({ dn }) => dn).sort();
}

/** One tone from the first to the last 200 ms, with no hole above what a move may cost. */
function heardThroughout(samples: Int16Array, hz: number): void {
  assert.deepEqual(tonesOf(samples), [hz]);
  const holes = gaps(samples, MOVE_GAP_MS);
  assert.deepEqual(holes, [], `${hz} Hz is missing for a while`);
}

function heardInTurn(samples: Int16Array, ...wanted: number[]): void {
  assert.deepEqual(tonesOf(samples), wanted);
}

/** Who came is in the file from its first word that the other one heard; ms of `performance.now()` on both sides. */
async function recordedFromItsFirstWord(dn: string, agent: Int16Array, customer: ScriptedCall): Promise<void> {
  const row = await recordingOf(system, dn);
  const start = Date.parse(row.startTime) - performance.timeOrigin;
  const recordedAt = start + onsetOf(C_HZ, agent);
  const from = start;
  const heardAt = from + onsetOf(C_HZ, customer.heard.samples(from));
  assert.ok(recordedAt < heardAt + 40, `heard at ${heardAt}, in the file from ${recordedAt}`);
}

/** ms until a tone begins. */
function onsetOf(hz: number, samples: Int16Array): number {
  for (let at = 0; at + 160 <= samples.length; at += 80) {
    const heard = dominantFrequency(samples, at, at + 160);
    if (heard !== undefined && Math.abs(heard - hz) < 40) return at / 8;
  }
  return Number.POSITIVE_INFINITY;
}

/** The tones of a sound in turn, by windows of 200 ms. */
function tonesOf(samples: Int16Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + 1600 <= samples.length; at += 1600) {
    const hz = dominantFrequency(samples, at, at + 1600);
    const known = [A_HZ, B_HZ, C_HZ].find((one) => hz !== undefined && Math.abs(one - hz) < 8);
    if (known !== undefined && found.at(-1) !== known) found.push(known);
  }
  return found;
}

describe("baresip transfers", () => {
  const skip = needs("baresip");

  test("hold, retrieve, blind transfer: direct", { skip }, async (t) => {
    const three = await trio(t, "720");
    const { dns, c, desk } = three;
    const [A, B, C] = dns;
    const b = await baresip(t, B);
    const call = await callsReal(three);
    await b.command(["hold"]);
    await desk.tells(`Held(${B}; 1)`);
    assert.equal(call.far?.direction, "sendonly");
    await b.command(["resume"]);
    await desk.tells(`Retrieved(${B}; 1)`);
    await hears(call, B_HZ);
    const incoming = c.nextCall(10_000);
    await b.command(["transfer", `sip:${C}@sidetone.local`]);
    const callee = await incoming;
    await desk.tells(`Released(${B}; 1)`, `Ringing(${C}; 1)`, `Established(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await onlyInCalls(A, C);
    assert.match((await b.command(["listcalls"])).stdout, /no active calls|--- Active calls \(0\)/i);
    await call.bye();
    await callee.ended;
    await desk.tells(`Released(${A}; 1)`, `Released(${C}; 1)`);
    // The phone that transferred is free for the next call.
    const again = await three.a.call(B);
    await again.answered;
    await hears(again, B_HZ);
    await again.bye();
  });

  test("R24: of a recorded customer the recording goes on", { skip }, async (t) => {
    const three = await trio(t, "721");
    const { dns, c, desk } = three;
    const [A, B, C] = dns;
    const b = await baresip(t, B);
    const call = await callsReal(three);
    await desk.says(A, "On");
    await talk(1500);
    const incoming = c.nextCall(10_000);
    await b.command(["transfer", `sip:${C}@sidetone.local`]);
    const callee = await incoming;
    await desk.tells(`Released(${B}; 1)`, `Ringing(${C}; 1)`, `Established(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await talk(1500);
    assert.deepEqual(desk.indications(A), ["On"]);
    await call.bye();
    await desk.says(A, "On", "Off");
    const [customer, agent] = await channelsOf(A);
    heardThroughout(customer, A_HZ);
    heardInTurn(agent, B_HZ, C_HZ);
    await recordedFromItsFirstWord(A, agent, call);
  });

  test("R25: of a recorded agent it ends with the agent", { skip }, async (t) => {
    const three = await trio(t, "722");
    const { dns, c, desk } = three;
    const [A, B, C] = dns;
    const b = await baresip(t, B);
    const call = await callsReal(three);
    await desk.says(A, "On");
    await talk(1500);
    const incoming = c.nextCall(10_000);
    await b.command(["transfer", `sip:${C}@sidetone.local`]);
    const callee = await incoming;
    await desk.tells(`Released(${B}; 1)`, `Ringing(${C}; 1)`, `Established(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await desk.says(A, "On", "Off");
    const [customer, agent] = await channelsOf(B);
    heardThroughout(customer, A_HZ);
    heardThroughout(agent, B_HZ);
    await call.bye();
    await callee.ended;
  });
});

describe("linphone transfers", () => {
  const skip = needs("linphonec");

  test("hold, retrieve, blind transfer: direct", { skip }, async (t) => {
    const three = await trio(t, "730");
    const { dns, c, desk } = three;
    const [A, B, C] = dns;
    const b = await linphone(t, B);
    const call = await callsReal(three);
    await b.say("pause");
    await desk.tells(`Held(${B}; 1)`);
    await b.say("resume");
    await desk.tells(`Retrieved(${B}; 1)`);
    await hears(call, B_HZ);
    const incoming = c.nextCall(10_000);
    await b.say(`transfer sip:${C}@sidetone.local`);
    const callee = await incoming;
    await desk.tells(`Released(${B}; 1)`, `Ringing(${C}; 1)`, `Established(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await onlyInCalls(A, C);
    await call.bye();
    await callee.ended;
    await desk.tells(`Released(${A}; 1)`, `Released(${C}; 1)`);
    const again = await three.a.call(B);
    await again.answered;
    await hears(again, B_HZ);
    await again.bye();
  });

  test("attended transfer, REFER with Replaces: direct", { skip }, async (t) => {
    const three = await trio(t, "730");
    const { dns, desk } = three;
    const [A, B, C] = dns;
    const b = await linphone(t, B);
    const call = await callsReal(three);
    const callee = await consults(three, b);
    await b.say("transfer 1 --to-call 2");
    await desk.tells(`Released(${B}; 2)`, `Released(${B}; 1)`, `PartyChanged(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await onlyInCalls(A, C);
    await callee.bye();
    await call.ended;
    await desk.tells(`Released(${C}; 1)`, `Released(${A}; 1)`);
    const again = await three.a.call(B);
    await again.answered;
    await hears(again, B_HZ);
    await again.bye();
  });

  test("R24, R27: attended, of a recorded customer the recording goes on", { skip }, async (t) => {
    const three = await trio(t, "731");
    const { dns, desk } = three;
    const [A, B, C] = dns;
    const b = await linphone(t, B);
    const call = await callsReal(three);
    await desk.says(A, "On");
    await talk(1000);
    const callee = await consults(three, b);
    await talk(500);
    await b.say("transfer 1 --to-call 2");
    await desk.tells(`Released(${B}; 2)`, `Released(${B}; 1)`, `PartyChanged(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await talk(1500);
    assert.deepEqual(desk.indications(A), ["On"]);
    await callee.bye();
    await call.ended;
    await desk.says(A, "On", "Off");
    const [customer, agent] = await channelsOf(A);
    heardInTurn(agent, B_HZ, C_HZ);
    heardThroughout(customer, A_HZ);
    assert.deepEqual(gaps(agent, HANDOVER_GAP_MS), [], "the agent's side has a hole at the transfer");
    await recordedFromItsFirstWord(A, agent, call);
  });

  test("R25, R27: attended, from one recorded agent to another it is one recording", { skip }, async (t) => {
    const three = await trio(t, "732");
    const { dns, desk } = three;
    const [A, B, C] = dns;
    const b = await linphone(t, B);
    const call = await callsReal(three);
    await desk.says(A, "On");
    await talk(1000);
    const callee = await consults(three, b);
    await talk(1000);
    await b.say("transfer 1 --to-call 2");
    await desk.tells(`Released(${B}; 2)`, `Released(${B}; 1)`, `PartyChanged(${C}; 1)`, `PartyChanged(${A}; 1)`);
    await hearsEachOther({ caller: call, callee }, A_HZ, C_HZ);
    await talk(1500);
    assert.deepEqual(desk.indications(A), ["On"]);
    await callee.bye();
    await call.ended;
    await desk.says(A, "On", "Off");
    const [[main, mainChannels], [consultation]] = await bothRecordings(B);
    heardThroughout(mainChannels[0], A_HZ);
    heardInTurn(mainChannels[1], B_HZ, C_HZ);
    assert.deepEqual(gaps(mainChannels[1], HANDOVER_GAP_MS), [], "the agent's side has a hole at the transfer");
    assert.deepEqual(dnsOf(main), [A, B, C]);
    assert.deepEqual(dnsOf(consultation), [B, C]);
    // R34: each of both agents in each of both calls.
    for (const dn of [B, C]) {
      const lines = await system.ledger(dn);
      assert.deepEqual(
        lines.map(({ outcome, recordingId }) => `${outcome} ${recordingId}`).sort(),
        [main, consultation].map(({ id }) => `recorded ${id}`).sort(),
        dn,
      );
    }
  });
});
