import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig, SipServerOptions } from "@sidetone/config";
import { paramOf } from "@sidetone/msml";
import type { IncomingRequest, InviteSession } from "@sidetone/sip";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { CallRig, phoneSdp } from "./call-rig.ts";

type Start = Extract<RecordingAction, { kind: "start" }>;

interface Up {
  readonly r: CallRig & { readonly phones: CalledPhone[] };
  readonly call: InviteSession;
  readonly connId: string;
  /** SDP that the caller's phone was offered in mid-call. */
  readonly offers: string[];
  /** What the called phone answers a re-INVITE with. */
  answer: number;
  ask(action: RecordingAction): Promise<Outcome>;
  start(over?: Partial<Start>): Promise<Outcome>;
}

interface CalledPhone {
  readonly offers: string[];
  unanswered: IncomingRequest | undefined;
}

const none = new Map<string, string>();
const stop: RecordingAction = { kind: "stop", parameters: none };
const pause: RecordingAction = { kind: "pause", parameters: none };
const resume: RecordingAction = { kind: "resume", parameters: none };

/** A call between 7002 and 7001 that is up. */
async function up(
  dn: Partial<DnConfig> = {},
  o: { answering?: boolean; options?: Partial<SipServerOptions> } = {},
): Promise<Up> {
  const phones: CalledPhone[] = [];
  const r = Object.assign(await new CallRig([{ dn: "7001", ...dn }, { dn: "7002" }], o.options).listen(), { phones });
  r.mediaServer.telling = true;
  r.called.onRequest = (tx) => {
    const phone = r.called.accept(tx, {});
    const seen: CalledPhone = { offers: [], unanswered: undefined };
    phones.push(seen);
    phone.on("reinvite", (incoming) => {
      seen.offers.push(incoming.request.body.toString());
      if (made.answer === 0) {
        seen.unanswered = incoming;
        return;
      }
      if (made.answer !== 200) return incoming.respond(made.answer);
      incoming.respond(200, { body: phoneSdp(7001), contentType: "application/sdp" });
    });
    phone.progress(180);
    if (o.answering !== false) phone.accept({ body: phoneSdp(7001), contentType: "application/sdp" });
  };
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  const made: Up = {
    r,
    call,
    connId: "",
    offers,
    answer: 200,
    ask: async (action) => {
      const outcome = r.switch.record(made.connId, action).then((result) => {
        r.effects.push(result.ok ? `ack ${action.kind}` : result.error.error);
        return result;
      });
      await r.pass(300);
      return outcome;
    },
    start: (over) =>
      made.ask({ kind: "start", thisDn: "7001", side: "source", parameters: none, reference: "desk/1", ...over }),
  };
  await r.pass(400);
  Object.assign(made, { connId: r.last?.connId ?? "" });
  r.effects.length = 0;
  r.events.length = 0;
  return made;
}

const errorOf = (outcome: Outcome): string => (outcome.ok ? "accepted" : outcome.error.error);

test("R3: START on a direct call brings legs, join and both phones to the Media Server, then starts the recorder; ACK before On", async () => {
  const u = await up();
  assert.equal(errorOf(await u.start()), "accepted");
  assert.deepEqual(u.r.mediaServer.commands, ["createconference", "join", "join", "recorder start"]);
  assert.ok(u.offers[0]?.includes("m=audio 40000"), "the caller is shown the Media Server");
  assert.deepEqual(u.r.effects, ["ack start", 'data GSIP_RECORD="On" GSIP_REC_FN="00000000000000000000000000000002"']);
  const [start] = u.r.mediaServer.recorder;
  assert.equal(start?.backfillMs, 0);
  assert.equal(paramOf(start?.params ?? none, "recordDN"), "7001");
  assert.ok(u.r.ledger.includes("ledger expect 7001 agent dynamic"));
  u.call.terminate();
  await u.r.pass(300);
  assert.equal(u.r.ledger.at(-1), "ledger recorded 7001");
  assert.equal(u.r.mediaServer.commands.at(-1), "recorder stop");
  assert.equal(u.r.calls.size, 0);
  await u.r.close();
});

test("R3: START on a call that is anchored without recording moves no phone", async () => {
  const u = await up({ media: "anchored" });
  assert.equal(errorOf(await u.start({ side: "destination" })), "accepted");
  assert.deepEqual(u.offers, []);
  assert.ok(u.r.ledger.includes("ledger expect 7002 customer dynamic"));
  await u.r.close();
});

for (const [what, options, over, wanted] of [
  ["the configured group", {}, {}, ["sip:recorders", undefined]],
  ["the two configured groups", { secondRecorderGroup: "vault" }, {}, ["sip:recorders", "sip:vault"]],
  [
    "the client's recorders",
    { recorderGroup: "first", secondRecorderGroup: "vault" },
    { dest: "sip:10.0.0.1:5070", dest2: "sip:10.0.0.2:5070" },
    ["sip:10.0.0.1:5070", "sip:10.0.0.2:5070"],
  ],
  [
    "the client's recorder and the second group",
    { recorderGroup: "first", secondRecorderGroup: "vault" },
    { dest: "sip:10.0.0.1:5070" },
    ["sip:10.0.0.1:5070", "sip:vault"],
  ],
] as const) {
  test(`R10: a dynamic recording goes to ${what}`, async () => {
    const u = await up({}, { options });
    await u.start(over);
    const params = u.r.mediaServer.recorder[0]?.params ?? none;
    assert.deepEqual([params.get("dest"), params.get("dest2")], wanted);
    await u.r.close();
  });
}

test("R10: a default second recorder: full-time recordings are duplicated too", async () => {
  const u = await up({ record: true }, { options: { secondRecorderGroup: "vault" } });
  const params = u.r.mediaServer.recorder[0]?.params ?? none;
  assert.deepEqual([params.get("dest"), params.get("dest2")], ["sip:recorders", "sip:vault"]);
  await u.r.close();
});

test("R7, R8, R10: id, dest, dest2 and generic parameters reach the Media Server; the file keeps the template's name", async () => {
  const u = await up();
  const over = { id: "my-id", dest: "sip:10.0.0.1:5070", dest2: "sip:10.0.0.2:5070" };
  await u.start({ ...over, parameters: new Map([["name1", "value1"]]) });
  const [start] = u.r.mediaServer.recorder;
  const params = Object.fromEntries(start?.params ?? none);
  assert.deepEqual(
    [params["id"], params["filename"], params["dest"], params["dest2"]],
    ["my-id", "0".repeat(31) + "2", over.dest, over.dest2],
  );
  assert.deepEqual(Object.fromEntries(start?.userParams ?? none), { name1: "value1" });
  assert.equal(u.r.last?.userData["GSIP_REC_FN"], "0".repeat(31) + "2");
  await u.r.close();
});

test("R8: an id that was used is DuplicateRecordingID and leaves the call alone", async () => {
  const u = await up();
  u.r.taken.add("my-id");
  assert.equal(errorOf(await u.start({ id: "my-id" })), "DuplicateRecordingID");
  assert.deepEqual(u.r.mediaServer.commands, []);
  assert.deepEqual(u.offers, []);
  await u.r.close();
});

test("R5: START while a full-time recording runs is FullTimeRecording; STOP acts on it, and then START is accepted", async () => {
  const u = await up({ record: true });
  assert.equal(errorOf(await u.start()), "FullTimeRecording");
  assert.equal(errorOf(await u.ask(stop)), "accepted");
  assert.equal(u.r.last?.recording.state, "Off");
  assert.equal(u.r.ledger.at(-1), "ledger recorded 7001");
  assert.equal(errorOf(await u.ask(stop)), "RecordingNotActive");
  assert.equal(errorOf(await u.start()), "accepted");
  const starts = u.r.mediaServer.recorder.filter(({ state }) => state === "start");
  assert.deepEqual(
    starts.map(({ params, epoch }) => [params.get("id"), epoch]),
    [
      ["0".repeat(31) + "2", 1],
      ["0".repeat(31) + "2-2", 2],
    ],
    "another recording, above the conference's epoch",
  );
  assert.equal(u.r.last?.recording.state, "On");
  assert.ok(u.r.ledger.includes("ledger expect 7001 agent dynamic"));
  await u.r.close();
});

test("R6: a second START for the same party is RecordingAlreadyActive; for another it flags that party, without a session", async () => {
  const u = await up();
  await u.start();
  assert.equal(errorOf(await u.start()), "RecordingAlreadyActive");
  assert.equal(errorOf(await u.start({ side: "destination", id: "other" })), "RecordingAlreadyActive");
  assert.equal(errorOf(await u.start({ side: "destination", dest2: "sip:x" })), "RecordingAlreadyActive");
  const parameters = new Map([["why", "both"]]);
  assert.equal(errorOf(await u.start({ side: "destination", parameters })), "accepted");
  assert.deepEqual(
    u.r.mediaServer.recorder.map(({ state }) => state),
    ["start", "update"],
  );
  assert.equal(errorOf(await u.start({ side: "destination" })), "RecordingAlreadyActive");
  u.call.terminate();
  await u.r.pass(300);
  assert.deepEqual(u.r.ledger.slice(-2), ["ledger recorded 7001", "ledger recorded 7002"]);
  await u.r.close();
});

test("R6: STOP clears every flag: the same party can be started again", async () => {
  const u = await up();
  await u.start();
  await u.start({ side: "destination" });
  await u.ask(stop);
  assert.equal(errorOf(await u.start({ side: "destination" })), "accepted");
  assert.equal(u.r.ledger.filter((line) => line === "ledger expect 7002 customer dynamic").length, 2);
  await u.r.close();
});

test("R18, R21: PAUSE, RESUME, STOP: ACK, then the data; what is so already is InSameState", async () => {
  const u = await up();
  await u.start();
  u.r.effects.length = 0;
  for (const action of [resume, pause, pause, resume, stop, pause, resume, stop]) await u.ask(action);
  assert.deepEqual(u.r.effects, [
    "InSameState",
    "ack pause",
    'data GSIP_RECORD="Paused"',
    "InSameState",
    "ack resume",
    'data GSIP_RECORD="On"',
    "ack stop",
    'data GSIP_RECORD="Off"',
    "RecordingNotActive",
    "RecordingNotActive",
    "RecordingNotActive",
  ]);
  await u.r.close();
});

test("R18: parameters of PAUSE, RESUME and STOP go along", async () => {
  const u = await up();
  await u.start();
  for (const kind of ["pause", "resume", "stop"] as const) {
    await u.ask({ kind, parameters: new Map([["reason", kind]]) });
  }
  assert.deepEqual(
    u.r.mediaServer.recorder.slice(1).map(({ state, userParams }) => [state, userParams.get("reason")]),
    [
      ["pause", "pause"],
      ["resume", "resume"],
      ["stop", "stop"],
    ],
  );
  await u.r.close();
});

test("R19: PAUSE is accepted only after the Media Server's 200; none in time is Timeout and the recording is On still", async () => {
  const u = await up();
  await u.start();
  u.r.mediaServer.resulting = false;
  const outcome = u.r.switch.record(u.connId, pause);
  let known: Outcome | undefined;
  void outcome.then((result) => {
    known = result;
  });
  await u.r.pass(1000);
  assert.equal(u.r.mediaServer.recorder.at(-1)?.state, "pause");
  assert.equal(known, undefined);
  assert.equal(u.r.last?.recording.state, "On");
  await u.r.pass(4500);
  assert.equal(errorOf(await outcome), "Timeout");
  await u.r.close();
});

test("a PAUSE that the Media Server refuses is OutOfService, one without recorder RecordingNotActive", async () => {
  const u = await up();
  await u.start();
  u.r.mediaServer.telling = false;
  u.r.mediaServer.response = 520;
  assert.equal(errorOf(await u.ask(pause)), "OutOfService");
  u.r.mediaServer.response = 430;
  assert.equal(errorOf(await u.ask(pause)), "RecordingNotActive");
  assert.equal(u.r.last?.recording.state, "On");
  await u.r.close();
});

test("a phone that refuses to be moved: OutOfService, the other goes back, the call stays up direct", async () => {
  const u = await up();
  u.answer = 488;
  const outcome = await u.start({ id: "my-id" });
  assert.equal(errorOf(outcome), "OutOfService");
  assert.match(outcome.ok ? "" : outcome.error.message, /phone-refused-move/);
  assert.ok(u.offers.at(-1)?.includes("m=audio 7001"), "the caller is shown the called phone again");
  assert.equal(u.call.state, "confirmed");
  assert.match(u.r.ledger.at(-1) ?? "", /^ledger not-recorded 7001 phone-refused-move/);
  assert.ok(u.r.mediaServer.legs.every(({ state }) => state === "ended"));
  await u.r.pass(20_000);
  assert.equal(u.offers.length, 2, "no retry of what was not accepted");
  u.answer = 200;
  assert.equal(errorOf(await u.start({ id: "my-id" })), "accepted", "the id was not used up");
  await u.r.close();
});

test("a silent Media Server: two attempts of 500 ms, then OutOfService; the phones notice nothing", async () => {
  const u = await up();
  u.r.mediaServer.answering = false;
  const outcome = u.start();
  await u.r.pass(1200);
  assert.equal(errorOf(await outcome), "OutOfService");
  assert.deepEqual(u.offers, []);
  await u.r.close();
});

test("a phone that does not answer the move: Timeout, the other goes back, nothing records; it answers late: it goes back too", async () => {
  const u = await up();
  u.answer = 0;
  const outcome = u.start();
  await u.r.pass(5500);
  assert.equal(errorOf(await outcome), "Timeout");
  assert.ok(u.offers.at(-1)?.includes("m=audio 7001"));
  assert.ok(!u.r.mediaServer.commands.includes("recorder start"));
  u.answer = 200;
  u.r.phones[0]?.unanswered?.respond(200, { body: phoneSdp(7001), contentType: "application/sdp" });
  await u.r.pass(1000);
  assert.ok(u.r.phones[0]?.offers.at(-1)?.includes("m=audio 7002"));
  await u.r.close();
});

test("R23: a recording that was accepted and fails is said to the parties, and tried again with its parameters, paused if it was", async () => {
  const u = await up();
  await u.start({ id: "my-id", dest: "sip:10.0.0.1:5070", parameters: new Map([["name1", "value1"]]) });
  await u.ask(pause);
  u.r.effects.length = 0;
  u.r.mediaServer.event("recorder.failed", [
    ["id", "my-id"],
    ["reason", "486 Busy"],
  ]);
  await u.r.pass(100);
  assert.deepEqual(u.r.effects, ['data GSIP_RECORD="Off"', "recording-failed 7001 486 Busy"]);
  await u.r.pass(5500);
  const again = u.r.mediaServer.recorder.at(-1);
  assert.deepEqual(
    [again?.state, again?.initial, again?.epoch, again?.params.get("id"), again?.params.get("dest")],
    ["start", "paused", 2, "my-id", "sip:10.0.0.1:5070"],
  );
  assert.deepEqual(Object.fromEntries(again?.userParams ?? none), { name1: "value1" });
  assert.equal(u.r.last?.recording.state, "Paused");
  await u.r.close();
});

test("R30: a call that START moved and whose only Media Server dies goes back to direct media", async () => {
  const u = await up();
  await u.start();
  u.r.mediaServer.answering = false;
  for (const leg of u.r.mediaServer.legs) leg.terminate();
  await u.r.pass(2300);
  assert.ok(u.offers.at(-1)?.includes("m=audio 7001"));
  assert.equal(u.r.last?.recording.state, "Off");
  assert.ok(u.r.effects.some((effect) => effect.startsWith("recording-failed 7001 media-server-leg-ended")));
  assert.equal(u.call.state, "confirmed");
  await u.r.close();
});

test("START before the answer is InvalidState, after the end InvalidConnID, for nobody InvalidAttribute", async () => {
  const ringing = await up({}, { answering: false });
  assert.equal(errorOf(await ringing.start()), "InvalidState");
  await ringing.r.close();
  const u = await up();
  assert.equal(errorOf(await u.start({ side: "destination", otherDn: "7009" })), "InvalidAttribute");
  u.call.terminate();
  await u.r.pass(300);
  assert.equal(errorOf(await u.start()), "InvalidConnID");
  await u.r.close();
});

test("the call ends while START is under way: InvalidConnID, nothing is left at the Media Server", async () => {
  const u = await up();
  u.answer = 0;
  const outcome = u.start();
  await u.r.pass(400);
  u.call.terminate();
  await u.r.pass(400);
  assert.equal(errorOf(await outcome), "InvalidConnID");
  await u.r.pass(60_000);
  assert.ok(u.r.mediaServer.legs.every(({ state }) => state === "ended"));
  assert.equal(u.r.calls.size, 0);
  await u.r.close();
});

test("requests of one call go one after another: STOP behind START stops what it started", async () => {
  const u = await up();
  const outcomes = Promise.all([u.start(), u.ask(pause), u.ask(stop), u.start()]);
  await u.r.pass(2000);
  assert.deepEqual((await outcomes).map(errorOf), ["accepted", "accepted", "accepted", "accepted"]);
  assert.deepEqual(
    u.r.mediaServer.recorder.map(({ state }) => state),
    ["start", "pause", "stop", "start"],
  );
  await u.r.close();
});
