// Phones that misbehave, played by SIPp: SIP Server does what the RFCs want, and nothing is left of their calls.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import {
  CallRefused,
  type Held,
  needs,
  type RunningSystem,
  type SippResult,
  SippRunner,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import { Desk } from "../e2e/desk.ts";
import { connect, hearsEachOther, ledgerSays, phone } from "../e2e/phones.ts";
import {
  answersTwice,
  answersWhenCancelled,
  byeCrossesReinvite,
  cancelsTooLate,
  glare,
  hangsUpBeforeAck,
  hangsUpEarly,
  holds,
  lateBusy,
  leavesOffer,
  neverAcknowledges,
  portZero,
  refersToItself,
  refusesAudio,
  waysToHold,
} from "./misbehaving-scenarios.ts";

const skip = needs("sipp");
/** A SIPp that is called: 7401 direct, 7402 recorded. */
const CALLED = 33_400;
/** A SIPp that calls from a trunk; the one that never acknowledges has a trunk of its own. */
const CALLS = 33_420;
const SILENT = 33_440;

let system: RunningSystem;
let idle: Held;
let silent: SippRunner | undefined;
let silentEnds: Promise<SippResult>;
let runs = 0;

before(async () => {
  if (skip !== false) return;
  const grants = [{ dns: "7*", rights: ["monitor", "control"] }];
  system = await startSystem({
    mode: "one-process",
    countHeld: true,
    config: {
      "sip-server": {
        dns: {
          "7401": { type: "extension", contact: `sip:7401@127.0.0.1:${CALLED}` },
          "7402": { type: "extension", contact: `sip:7402@127.0.0.1:${CALLED}`, record: true },
          calls: { type: "trunk", contact: `sip:127.0.0.1:${CALLS}`, prefix: "91" },
          silent: { type: "trunk", contact: `sip:127.0.0.1:${SILENT}`, prefix: "92" },
        },
        applications: { desk: { password: "demo-desk", grants } },
      },
    },
  });
  idle = await held();
});
after(async () => {
  if (skip !== false) return;
  silent?.kill();
  await system.stop().finally(() => system.dispose());
});

/** Timers that may be there: the parts' connections to each other, made by the first calls, have theirs. */
function timersOf({ resources }: Held): number {
  return (resources["Timeout"] ?? 0) + 6;
}

async function held(): Promise<Held> {
  const found = (await system.held()).get("all");
  assert.ok(found !== undefined);
  return found;
}

/** SIPp is called. */
function called(t: TestContext, scenario: string): SippRunner {
  return play(t, scenario, { port: CALLED });
}

/** SIPp calls a DN. */
function calls(t: TestContext, scenario: string, service: string): SippRunner {
  return play(t, scenario, { port: CALLS, remote: system.sip, service });
}

function play(
  t: TestContext,
  scenario: string,
  o: Partial<ConstructorParameters<typeof SippRunner>[0]> & { port: number },
): SippRunner {
  runs += 1;
  const made = new SippRunner({
    folder: system.folder,
    name: `sipp${runs}`,
    scenario,
    calls: 1,
    timeoutS: 12,
    traceMessages: true,
    ...o,
  });
  t.after(() => made.kill());
  return made;
}

/** The scenario went as it is written. */
async function succeeds(sipp: SippRunner): Promise<void> {
  const { code, errors } = await sipp.done();
  assert.equal(code, 0, `${errors}\n${sipp.messages().slice(-6000)}`);
}

/** No call, no leg, no conference, no recording that runs. */
async function nothingLeft(beside = ["7104"]): Promise<void> {
  let left: unknown;
  const gone = await until(async () => {
    const { calls: all } = (await (await system.get(`${system.http("sip-server")}/api/v1/calls`)).json()) as {
      calls: { parties: { dn: string }[] }[];
    };
    const up = all.filter(({ parties }) => !parties.some((party) => beside.includes(party.dn)));
    const counts: [string, number][] = [];
    for (const role of ["media-server", "recorder"] as const) {
      for (const [name, value] of await system.metrics(role)) {
        if (/_(legs|conferences|recorders|taps|sessions|recordings|media_ports_used)$/.test(name) && value !== 0)
          counts.push([name, value]);
      }
    }
    left = [up.length, counts];
    return up.length === 0 && counts.length === 0;
  }, 5000);
  assert.ok(gone, `left over: ${JSON.stringify(left)}`);
}

test("RFC 3261 13.3.1.4: no ACK to our 200 begins", { skip }, async (t) => {
  const callee = await phone(t, system, "7104", { source: tone(437) });
  silent = new SippRunner({
    folder: system.folder,
    name: "silent",
    scenario: neverAcknowledges(),
    port: SILENT,
    remote: system.sip,
    service: "7104",
    calls: 1,
    timeoutS: 55,
    traceMessages: true,
  });
  silentEnds = silent.done();
  const call = await callee.nextCall();
  await call.answered;
});

test("486 after long ringing reaches the caller", { skip }, async (t) => {
  const sipp = called(t, lateBusy(2500));
  const a = await phone(t, system, "7101");
  const call = await a.call("7401");
  await assert.rejects(call.answered, (error) => error instanceof CallRefused && error.status === 486);
  await succeeds(sipp);
  await nothingLeft();
});

test("RFC 3261 14.1: offers that cross are refused with 491 on both sides, and ours comes again", {
  skip,
}, async (t) => {
  const sipp = called(t, glare());
  const a = await phone(t, system, "7101");
  const call = await a.call("7401");
  await call.answered;
  assert.equal((await call.hold()).status, 200);
  await call.bye();
  await succeeds(sipp);
  await nothingLeft();
});

test("RFC 5407 3.1.2: BYE crosses a re-INVITE: the call is over for both", { skip }, async (t) => {
  const sipp = called(t, byeCrossesReinvite());
  const a = await phone(t, system, "7101");
  const call = await a.call("7401");
  await call.answered;
  const hold = call.hold();
  await call.ended;
  assert.ok((await hold).status >= 300);
  await succeeds(sipp);
  await nothingLeft();
});

test("RFC 3515: REFER to itself is refused, the call goes on", { skip }, async (t) => {
  const sipp = called(t, refersToItself("7401"));
  const a = await phone(t, system, "7101");
  const call = await a.call("7401");
  await call.answered;
  await succeeds(sipp);
  await call.ended;
  await nothingLeft();
});

for (const [dn, where] of [
  ["7401", "direct"],
  ["7402", "recorded"],
] as const) {
  test(`RFC 3261 13.2.2.4: of two 200s the second is acknowledged and hung up: ${where}`, { skip }, async (t) => {
    const sipp = called(t, answersTwice());
    const a = await phone(t, system, "7101");
    const call = await a.call(dn);
    await call.answered;
    await talk(300);
    await call.bye();
    await succeeds(sipp);
    await nothingLeft();
  });

  test(`RFC 3264 8.2: port 0 in mid-call and back, and in the answer: ${where}`, { skip }, async (t) => {
    const a = await phone(t, system, "7101");
    const first = called(t, portZero());
    const call = await a.call(dn);
    await call.answered;
    await succeeds(first);
    await call.ended;
    const second = called(t, refusesAudio());
    const mute = await a.call(dn);
    await mute.answered;
    await talk(300);
    await mute.bye();
    await succeeds(second);
    await nothingLeft();
  });

  test(`RFC 3264 8.4: ${Object.keys(waysToHold).join(", ")} hold: ${where}`, { skip }, async (t) => {
    const desk = await Desk.open(t, system, "desk", "7101", dn);
    const sipp = called(t, holds());
    const a = await phone(t, system, "7101");
    const call = await a.call(dn);
    await call.answered;
    const turns = Object.keys(waysToHold).flatMap(() => [`Held(${dn}; 1)`, `Retrieved(${dn}; 1)`]);
    await desk.tells(
      "Dialing(7101; 1)",
      `Ringing(${dn}; 1)`,
      `Established(${dn}; 1)`,
      "Established(7101; 1)",
      ...turns,
      `Released(${dn}; 1)`,
      "Released(7101; 1)",
    );
    await succeeds(sipp);
    await call.ended;
    await nothingLeft();
  });
}

test("RFC 3261 9.1: 200 that crosses our CANCEL is acknowledged and hung up", { skip }, async (t) => {
  const sipp = called(t, answersWhenCancelled());
  const a = await phone(t, system, "7101");
  const call = await a.call("7401");
  await until(() => call.progress.includes(180), 3000);
  call.cancel();
  await succeeds(sipp);
  await nothingLeft();
});

for (const [dn, where] of [
  ["7102", "direct"],
  ["7001", "recorded"],
] as const) {
  test(`RFC 3261 13.2.1: the offer in our 200, the answer in the ACK: ${where}`, { skip }, async (t) => {
    const callee = await phone(t, system, dn, { source: tone(1013) });
    const sipp = calls(t, leavesOffer(700), dn);
    const call = await callee.nextCall();
    await call.answered;
    await succeeds(sipp);
    await call.ended;
    // Its sound went somewhere: the answer in the ACK has reached the phone, or the Media Server has.
    assert.ok((call.far?.port ?? 0) > 0);
    await nothingLeft();
  });

  test(`RFC 3261 15.1.1: BYE before the ACK: ${where}`, { skip }, async (t) => {
    const callee = await phone(t, system, dn);
    const sipp = calls(t, hangsUpBeforeAck(), dn);
    const call = await callee.nextCall();
    await succeeds(sipp);
    await call.ended;
    await nothingLeft();
  });

  test(`RFC 3261 15: BYE in the early dialog: ${where}`, { skip }, async (t) => {
    const callee = await phone(t, system, dn, { answering: { kind: "ring" } });
    const sipp = calls(t, hangsUpEarly(), dn);
    const call = await callee.nextCall();
    await succeeds(sipp);
    await call.ended;
    await nothingLeft();
  });
}

test("RFC 3261 9.2: CANCEL behind our 200 changes nothing", { skip }, async (t) => {
  const callee = await phone(t, system, "7102");
  const sipp = calls(t, cancelsTooLate(), "7102");
  const call = await callee.nextCall();
  await call.ended;
  assert.ok(call.durationMs > 400, "the call went on");
  await succeeds(sipp);
  await nothingLeft();
});

test("a normal call works, with its recording", { skip }, async (t) => {
  const a = await phone(t, system, "7101", { source: tone(437) });
  const b = await phone(t, system, "7001", { source: tone(1013) });
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  await call.caller.bye();
  await ledgerSays(system, "7001", "recorded", null);
});

test("RFC 3261 13.3.1.4: no ACK to our 200: BYE after 64 T1; in the end no timer, socket or ledger line is left", {
  skip,
}, async () => {
  const { code, errors } = await silentEnds;
  assert.equal(code, 0, `${errors}\n${silent?.messages().slice(-3000)}`);
  await nothingLeft([]);
  for (const dn of ["7001", "7402"]) {
    const open = (await system.ledger(dn)).filter(
      ({ expectedUntil, outcome }) => expectedUntil === null || outcome === "expected",
    );
    assert.deepEqual(open, [], dn);
  }
  // RFC 3261 17: what the last transactions need is 64 T1 = 32 s longer than their calls.
  let now = await held();
  await until(async () => {
    if ((now.resources["Timeout"] ?? 0) <= timersOf(idle)) return true;
    await talk(1000);
    now = await held();
    return false;
  }, 35_000);
  assert.ok((now.resources["Timeout"] ?? 0) <= timersOf(idle), JSON.stringify({ idle, now }));
  assert.deepEqual(now.resources["UDPWrap"], idle.resources["UDPWrap"], "RTP ports");
});
