import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import type { InviteSession, ServerTransaction } from "@sidetone/sip";
import type { Outcome } from "../t-library/switch.ts";
import { CallRig, phoneSdp } from "./call-rig.ts";

/** A phone of the rig: what it was offered, and what it says. */
interface TestPhone {
  readonly port: number;
  readonly offers: string[];
  readonly notified: string[];
  readonly sessions: InviteSession[];
  readonly invites: ServerTransaction[];
  /** Status of its answers to re-INVITEs. */
  answer: number;
  /** It answers by itself. */
  answering: boolean;
  allowEvents: string | undefined;
}

interface Control {
  readonly r: CallRig;
  readonly caller: TestPhone;
  readonly called: TestPhone;
  connId(): string;
  /** Runs what a client asks. */
  ask(outcome: Promise<Outcome<unknown>>): Promise<string>;
  /** 7002 calls 7001, which answers. */
  connect(): Promise<InviteSession>;
}

function newPhone(port: number): TestPhone {
  const lists = { offers: [], notified: [], sessions: [], invites: [] };
  return { port, ...lists, answer: 200, answering: true, allowEvents: undefined };
}

const wayOf = (sdp: string): string => /a=(sendrecv|inactive|sendonly|recvonly)/.exec(sdp)?.[1] ?? "sendrecv";

/** The offer's answer, with the direction that fits. */
function answerTo(phone: TestPhone, offer: string): string {
  return phoneSdp(phone.port, "0 8 101", wayOf(offer) === "inactive" ? "inactive" : "sendrecv");
}

function serve(phone: TestPhone, session: InviteSession): void {
  phone.sessions.push(session);
  session.on("reinvite", (incoming) => {
    const offer = incoming.request.body.toString();
    phone.offers.push(offer);
    if (phone.answer !== 200) return incoming.respond(phone.answer);
    incoming.respond(200, { body: answerTo(phone, offer), contentType: "application/sdp" });
  });
  session.on("request", (incoming) => {
    phone.notified.push(`${incoming.request.method} ${incoming.request.headers.get("Event") ?? ""}`);
    incoming.respond(200);
  });
}

async function control(dn: Partial<DnConfig> = {}): Promise<Control> {
  const r = await new CallRig([{ dn: "7001", ...dn }, { dn: "7002" }]).listen();
  const [caller, called] = [newPhone(7002), newPhone(7001)];
  for (const [endpoint, phone] of [
    [r.caller, caller],
    [r.called, called],
  ] as const) {
    endpoint.onRequest = (tx) => {
      phone.invites.push(tx);
      const session = endpoint.accept(tx, {});
      serve(phone, session);
      const headers: [string, string][] = phone.allowEvents === undefined ? [] : [["Allow-Events", phone.allowEvents]];
      session.progress(180, { headers });
      if (phone.answering) session.accept({ body: phoneSdp(phone.port), contentType: "application/sdp" });
    };
  }
  return {
    r,
    caller,
    called,
    connId: () => r.last?.connId ?? "",
    ask: async (outcome) => {
      await r.pass(500);
      const result = await outcome;
      return result.ok ? "done" : result.error.error;
    },
    connect: async () => {
      const session = r.call();
      serve(caller, session);
      await r.pass(500);
      return session;
    },
  };
}

const last = (phone: TestPhone): string => {
  const offer = phone.offers.at(-1) ?? "";
  return `${/m=audio (\d+)/.exec(offer)?.[1] ?? "-"} ${wayOf(offer)}`;
};

test("releaseCall: the party leaves first, both phones get BYE, nothing is left", async () => {
  for (const dn of ["7001", "7002"]) {
    const c = await control({ record: true });
    await c.connect();
    c.r.effects.length = 0;
    assert.equal(await c.ask(c.r.switch.releaseCall(c.connId(), dn)), "done");
    const parties = dn === "7001" ? ["b", "a"] : ["a", "b"];
    assert.deepEqual(
      c.r.effects.filter((effect) => effect.includes("released")),
      parties.map((id) => `${id} released released`),
    );
    assert.ok([...c.caller.sessions, ...c.called.sessions].every(({ state }) => state === "ended"));
    assert.equal(c.r.calls.size, 0);
    await c.r.close();
  }
});

test("releaseCall while it rings: of the caller it gives up, of the called it declines", async () => {
  const gone = await control();
  gone.called.answering = false;
  await gone.connect();
  assert.equal(await gone.ask(gone.r.switch.releaseCall(gone.connId(), "7002")), "done");
  assert.deepEqual(gone.r.effects.slice(3, 5), ["a released released", "b released released"]);
  assert.ok([...gone.caller.sessions, ...gone.called.sessions].every(({ state }) => state === "ended"));
  await gone.r.close();

  const declined = await control();
  declined.called.answering = false;
  const call = declined.r.call();
  let status: number | undefined;
  call.on("rejected", (response) => {
    status = response.status;
  });
  await declined.r.pass(300);
  assert.equal(await declined.ask(declined.r.switch.releaseCall(declined.connId(), "7001")), "done");
  assert.deepEqual(declined.r.effects.slice(3, 5), ["b released rejected", "a released rejected"]);
  assert.equal(status, 603);
  await declined.r.close();
});

test("holdCall, retrieveCall, direct: both phones are silent, then hear each other; the party is held", async () => {
  const c = await control();
  await c.connect();
  assert.equal(await c.ask(c.r.switch.holdCall(c.connId(), "7001")), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["7001 inactive", "7002 inactive"]);
  assert.deepEqual(
    c.r.last?.parties.map(({ state }) => state),
    ["connected", "held"],
  );
  assert.equal(await c.ask(c.r.switch.holdCall(c.connId(), "7001")), "InvalidState");
  assert.equal(await c.ask(c.r.switch.retrieveCall(c.connId(), "7001")), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["7001 sendrecv", "7002 sendrecv"]);
  assert.equal(await c.ask(c.r.switch.retrieveCall(c.connId(), "7001")), "InvalidState");
  assert.deepEqual(c.r.effects.slice(-2), ["b held held", "b connected retrieved"]);
  await c.r.close();
});

test("holdCall, anchored: both phones stay at the Media Server, which is told; the recording goes on", async () => {
  const c = await control({ record: true });
  await c.connect();
  c.r.events.length = 0;
  assert.equal(await c.ask(c.r.switch.holdCall(c.connId(), "7001")), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["40000 inactive", "40002 inactive"]);
  assert.equal(c.r.events.filter((event) => event.startsWith("ms reinvite")).length, 2);
  assert.equal(await c.ask(c.r.switch.retrieveCall(c.connId(), "7001")), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["40000 sendrecv", "40002 sendrecv"]);
  assert.ok(!c.r.mediaServer.commands.includes("recorder stop"));
  await c.r.close();
});

test("both parties held: the call is silent until the last one takes it back", async () => {
  const c = await control();
  await c.connect();
  await c.ask(c.r.switch.holdCall(c.connId(), "7001"));
  await c.ask(c.r.switch.holdCall(c.connId(), "7002"));
  await c.ask(c.r.switch.retrieveCall(c.connId(), "7001"));
  assert.equal(last(c.caller), "7001 inactive");
  await c.ask(c.r.switch.retrieveCall(c.connId(), "7002"));
  assert.equal(last(c.caller), "7001 sendrecv");
  await c.r.close();
});

test("a phone that refuses the hold: InvalidState, and the other one hears it again", async () => {
  const c = await control();
  await c.connect();
  c.caller.answer = 488;
  assert.equal(await c.ask(c.r.switch.holdCall(c.connId(), "7001")), "InvalidState");
  assert.equal(last(c.called), "7002 sendrecv");
  assert.equal(c.r.last?.parties[1]?.state, "connected");
  await c.r.close();
});

test("a phone's own offer while a client holds the call changes nothing of it", async () => {
  const c = await control();
  const call = await c.connect();
  await c.ask(c.r.switch.holdCall(c.connId(), "7002"));
  const offered = call.reinvite({ body: phoneSdp(7002), contentType: "application/sdp" });
  await c.r.pass(200);
  assert.equal(wayOf((await offered).body.toString()), "inactive");
  assert.equal(last(c.called), "7002 inactive");
  assert.equal(c.r.last?.parties[0]?.state, "held");
  await c.r.close();
});

test("R3: a recording that is started while a client holds the call leaves it silent", async () => {
  const c = await control();
  await c.connect();
  await c.ask(c.r.switch.holdCall(c.connId(), "7001"));
  const started = c.r.switch.record(c.connId(), {
    kind: "start",
    thisDn: "7001",
    side: "source",
    parameters: new Map(),
    reference: "desk/1",
  });
  assert.equal(await c.ask(started), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["40000 inactive", "40002 inactive"]);
  assert.equal(await c.ask(c.r.switch.retrieveCall(c.connId(), "7001")), "done");
  assert.deepEqual([last(c.caller), last(c.called)], ["40000 sendrecv", "40002 sendrecv"]);
  await c.r.close();
});

test("a hold of the phone's own is not taken back for it", async () => {
  const c = await control();
  const call = await c.connect();
  void call.reinvite({ body: phoneSdp(7002, "0 8 101", "sendonly"), contentType: "application/sdp" });
  await c.r.pass(200);
  assert.equal(await c.ask(c.r.switch.retrieveCall(c.connId(), "7002")), "InvalidState");
  await c.r.close();
});

test("answerCall: a phone that allows it gets NOTIFY talk while it rings", async () => {
  const c = await control();
  Object.assign(c.called, { answering: false, allowEvents: "hold, talk" });
  await c.connect();
  assert.equal(await c.ask(c.r.switch.answerCall(c.connId(), "7001")), "done");
  assert.deepEqual(c.called.notified, ["NOTIFY talk"]);
  c.called.sessions[0]?.accept({ body: phoneSdp(7001), contentType: "application/sdp" });
  await c.r.pass(200);
  assert.equal(await c.ask(c.r.switch.answerCall(c.connId(), "7001")), "InvalidState");
  await c.r.close();
});

test("answerCall: a phone that does not say so is left alone, the caller cannot answer", async () => {
  const c = await control();
  c.called.answering = false;
  await c.connect();
  assert.equal(await c.ask(c.r.switch.answerCall(c.connId(), "7001")), "InvalidState");
  assert.equal(await c.ask(c.r.switch.answerCall(c.connId(), "7002")), "InvalidState");
  assert.deepEqual(c.called.notified, []);
  await c.r.close();
});

test("a call or a party that is not there", async () => {
  const c = await control();
  await c.connect();
  for (const what of ["answerCall", "releaseCall", "holdCall", "retrieveCall"] as const) {
    assert.equal(await c.ask(c.r.switch[what]("ffffffffffffffff", "7001")), "InvalidConnID");
    assert.equal(await c.ask(c.r.switch[what](c.connId(), "7009")), "InvalidState");
  }
  assert.deepEqual(c.r.switch.callsOf("7001").length, 1);
  assert.deepEqual(c.r.switch.callsOf("7009").length, 0);
  await c.r.close();
});

/** A client of 7002 calls 7001. */
function make(c: Control, to = "7001", from = "7002"): Promise<Outcome<string>> {
  return c.r.switch.makeCall({
    from,
    to,
    userData: { Reason: "callback" },
    onCall: (connId) => c.r.effects.push(`call ${connId.slice(-1)}`),
  });
}

test("makeCall: the caller's phone rings, answers by itself, then the called one; both hear each other", async () => {
  const c = await control();
  assert.equal(await c.ask(make(c)), "done");
  const invite = c.caller.invites[0]?.request;
  assert.equal(invite?.body.length, 0);
  assert.match(invite?.headers.get("Call-Info") ?? "", /answer-after=0/);
  assert.equal(invite?.from?.uri.user, "7001");
  assert.ok(!c.called.invites[0]?.request.headers.has("Call-Info"), "the called phone must ring");
  assert.ok(c.called.invites[0]?.request.body.toString().includes("m=audio 7002"));
  assert.equal(last(c.caller), "7001 sendrecv");
  assert.deepEqual(c.r.effects, [
    "call 1",
    "a added",
    "b added",
    "b ringing alerting",
    "b connected answered",
    "a connected answered",
    "call-answered",
  ]);
  assert.deepEqual(c.r.last?.userData, { Reason: "callback" });
  await c.ask(c.r.switch.releaseCall(c.connId(), "7002"));
  assert.ok([...c.caller.sessions, ...c.called.sessions].every(({ state }) => state === "ended"));
  assert.equal(c.r.calls.size, 0);
  await c.r.close();
});

test("makeCall to a recorded DN: anchored, and recorded from the answer", async () => {
  const c = await control({ record: true });
  assert.equal(await c.ask(make(c)), "done");
  assert.equal(last(c.caller), "40000 sendrecv");
  assert.ok(c.called.invites[0]?.request.body.toString().includes("m=audio 40002"));
  assert.equal(c.r.mediaServer.commands.at(-1), "recorder start");
  await c.r.close();
});

test("makeCall: the called phone is busy: the caller's is told by BYE", async () => {
  const c = await control();
  c.r.called.onRequest = (tx) => c.r.called.accept(tx, {}).reject(486);
  assert.equal(await c.ask(make(c)), "done");
  assert.deepEqual(c.r.effects.slice(3, 5), ["b released busy", "a released busy"]);
  assert.equal(c.caller.sessions[0]?.state, "ended");
  assert.equal(c.r.calls.size, 0);
  await c.r.close();
});

test("makeCall: the caller's own phone refuses, or is not answered: a call of one party ends, nobody else rings", async () => {
  const busy = await control();
  busy.r.caller.onRequest = (tx) => busy.r.caller.accept(tx, {}).reject(486);
  await busy.ask(make(busy));
  assert.deepEqual(busy.r.effects.slice(1), ["a added", "a released busy", "call-ended"]);
  assert.equal(busy.called.invites.length, 0);
  await busy.r.close();
  const silent = await control();
  silent.caller.answering = false;
  await silent.ask(make(silent));
  await silent.r.pass(61_000);
  assert.deepEqual(silent.r.effects.slice(1), ["a added", "a released no-answer", "call-ended"]);
  assert.equal(silent.caller.sessions[0]?.state, "ended");
  assert.equal(silent.r.calls.size, 0);
  await silent.r.close();
});

test("makeCall: who hangs up before the called party answers ends it; a release too", async () => {
  const c = await control();
  c.called.answering = false;
  await c.ask(make(c));
  c.caller.sessions[0]?.terminate();
  await c.r.pass(300);
  assert.ok(c.called.sessions.every(({ state }) => state === "ended"));
  assert.equal(c.r.calls.size, 0);
  await c.ask(make(c));
  assert.equal(await c.ask(c.r.switch.releaseCall(c.connId(), "7002")), "done");
  assert.equal(c.r.calls.size, 0);
  await c.r.close();
});

test("makeCall: what cannot be called is said at once, without a call", async () => {
  const c = await control();
  assert.equal(await c.ask(make(c, "7999")), "InvalidDestination");
  assert.equal(await c.ask(make(c, "7001", "7999")), "NotConfigured");
  c.r.callerTargets.length = 0;
  assert.equal(await c.ask(make(c)), "InvalidState");
  c.r.targets.length = 0;
  assert.equal(await c.ask(make(c)), "InvalidDestination");
  assert.deepEqual(c.r.effects, []);
  assert.equal(c.r.calls.size, 0);
  await c.r.close();
});
