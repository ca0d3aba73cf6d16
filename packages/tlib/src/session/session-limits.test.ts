import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "@sidetone/foundation";
import { Bench, type Peer, turn } from "./engine.fixture.ts";
import type { SessionLimits } from "./limits.ts";

async function opened(limits: Partial<SessionLimits> = {}): Promise<{ bench: Bench; peer: Peer }> {
  const bench = new Bench(limits);
  const peer = bench.connect();
  await peer.open();
  return { bench, peer };
}

function errors(peer: Peer): (readonly [unknown, unknown])[] {
  return peer.got.flatMap(({ message, attributes }) =>
    message === "EventError" ? [[attributes["ReferenceID"], attributes["ErrorName"]] as const] : [],
  );
}

test("Session 1: anything before SessionOpen is a protocol error, close 4000", async () => {
  for (const [message, attributes] of [
    ["RequestQueryServer", { ReferenceID: 1 }],
    ["Ping", {}],
    ["SessionAck", { Seq: 0 }],
  ] as const) {
    const bench = new Bench();
    const peer = bench.connect();
    peer.say(message, attributes);
    assert.equal(peer.code(), 4000);
    assert.deepEqual(peer.last, {
      message: "SessionClosing",
      attributes: { Reason: "ProtocolError", Resumable: false },
    });
    assert.equal(bench.clock.pending, 0, "no timer is left");
    await turn();
    assert.equal(bench.requests.length, 0);
  }
});

test("Session 1: a message between SessionOpen and SessionOpened, a second SessionOpen and no JSON are protocol errors", async () => {
  const early = new Bench().connect();
  const opening = early.open();
  early.say("RequestQueryServer", { ReferenceID: 1 });
  await opening;
  assert.equal(early.code(), 4000);
  const twice = await opened();
  await twice.peer.open();
  assert.equal(twice.peer.code(), 4000);
  assert.equal(twice.bench.server.stats().sessions, 1, "the session outlives the connection");
  const garbage = await opened();
  garbage.peer.input.text("{");
  assert.equal(garbage.peer.code(), 4000);
});

test("Session 2: ProtocolVersion of another major is refused, close 4000", async () => {
  const peer = new Bench().connect();
  await peer.open({ ProtocolVersion: "2.0" });
  assert.equal(peer.code(), 4000);
});

test("Session 10: authentication failed, close 4001; an authentication that breaks, close 1011", async () => {
  const wrong = new Bench().connect();
  await wrong.open({ ApplicationPassword: "guess" });
  assert.equal(wrong.code(), 4001);
  assert.equal(wrong.last?.message, "SessionClosing");
  assert.doesNotMatch(wrong.closedWith?.reason ?? "", /guess|wrong password/);
  const broken = new Bench({}, { authenticate: () => Promise.reject(new Error("database")) }).connect();
  await broken.open();
  assert.equal(broken.code(), 1011);
});

test("Session 10: not opened in time, close 4002; an authentication that is slowed down is not cut off", async () => {
  const bench = new Bench();
  const peer = bench.connect();
  bench.clock.advance(9_999);
  assert.equal(peer.code(), undefined);
  bench.clock.advance(1);
  assert.equal(peer.code(), 4002);
  let answer: (() => void) | undefined;
  const slow = new Bench({}, { authenticate: () => new Promise((resolve) => (answer = () => resolve(fail("no")))) });
  const guesser = slow.connect();
  await guesser.open();
  slow.clock.advance(30_000);
  assert.equal(guesser.code(), undefined);
  answer?.();
  await turn();
  assert.equal(guesser.code(), 4001);
});

test("Session 7: a second connection of a session closes the first, close 4003, and gets what follows", async () => {
  const bench = new Bench();
  const first = bench.connect();
  const session = await first.open();
  const second = bench.connect();
  const resumed = await second.resume(session, 0);
  assert.equal(resumed["Resumed"], true);
  assert.equal(first.code(), 4003);
  bench.session.publish(bench.event());
  assert.deepEqual([first.seqs, second.seqs], [[], [1]]);
  first.say("RequestQueryServer", { ReferenceID: 1 });
  assert.equal(bench.requests.length, 0, "what the first still says is not heard");
});

test("Transport: pings every 15 s; two missed beats close the connection with 4004, not the session", async () => {
  const { bench, peer } = await opened();
  for (let i = 0; i < 5; i++) {
    bench.clock.advance(15_000);
    assert.equal(peer.last?.message, "Ping");
    peer.say("Pong");
  }
  bench.clock.advance(30_000);
  assert.equal(peer.code(), undefined);
  bench.clock.advance(15_000);
  assert.equal(peer.code(), 4004);
  assert.deepEqual(peer.last?.attributes, { Reason: "HeartbeatLost", Resumable: true });
  assert.equal(bench.server.stats().sessions, 1);
});

test("Transport: a client's Ping is answered with Pong", async () => {
  const { peer } = await opened();
  peer.say("Ping");
  assert.deepEqual(peer.last, { message: "Pong", attributes: {} });
});

test("Transport: a binary frame closes with 1003, one above 64 KiB with 1009, and the session lives", async () => {
  const binary = await opened();
  binary.peer.input.binary();
  assert.equal(binary.peer.code(), 1003);
  const reported = await opened();
  reported.peer.input.tooLarge();
  assert.equal(reported.peer.code(), 1009);
  const { bench, peer } = await opened();
  const frame = (bytes: number, fill: string): string => {
    const empty = JSON.stringify({
      message: "RequestQueryServer",
      attributes: { ReferenceID: 1, Extensions: { a: "" } },
    });
    const count = Math.floor((bytes - empty.length) / Buffer.byteLength(fill));
    const text = empty.replace('"a":""', `"a":"${fill.repeat(count)}"`);
    return text + " ".repeat(bytes - Buffer.byteLength(text));
  };
  peer.input.text(frame(65_536, "x"));
  assert.equal(peer.code(), undefined);
  assert.equal(bench.requests.length, 1);
  peer.input.text(frame(65_537, "é"));
  assert.equal(peer.code(), 1009, "bytes are counted, not characters");
  assert.equal(bench.server.stats().sessions, 1);
});

test("Session 9: 10,000 unacknowledged messages are kept; one more is SlowConsumer, close 4008, and the session ends", async () => {
  const { bench, peer } = await opened();
  for (let i = 0; i < 10_000; i++) bench.session.publish(bench.event(i));
  assert.equal(peer.code(), undefined);
  assert.equal(bench.server.stats().keptMessages, 10_000);
  bench.session.publish(bench.event());
  assert.equal(peer.code(), 4008);
  assert.deepEqual(peer.last?.attributes, { Reason: "SlowConsumer", Resumable: false });
  assert.deepEqual(bench.ended, [{ id: bench.session.id, reason: "SlowConsumer" }]);
  assert.equal(bench.clock.pending, 0);
  const back = await bench.connect().resume(peer.got[0]?.attributes ?? {}, 10_000);
  assert.deepEqual([back["Resumed"], back["ResumeFailure"]], [false, "WindowExceeded"]);
});

test("Session 9: 8 MiB unacknowledged are kept; beyond it close 4008", async () => {
  const { bench, peer } = await opened();
  const padding = "x".repeat(65_000);
  while (bench.server.stats().keptBytes + 65_300 <= 8_388_608) bench.session.publish(bench.event(0, padding));
  assert.equal(peer.code(), undefined);
  bench.session.publish(bench.event(0, padding));
  bench.session.publish(bench.event(0, padding));
  assert.equal(peer.code(), 4008);
});

test("Session 9: 120 s unacknowledged close with 4008; an acknowledgement in time does not", async () => {
  const { bench, peer } = await opened({ heartbeatSeconds: 1000 });
  bench.session.publish(bench.event());
  bench.clock.advance(60_000);
  bench.session.publish(bench.event());
  peer.say("SessionAck", { Seq: 1 });
  bench.clock.advance(119_999);
  assert.equal(peer.code(), undefined, "the second is 119.999 s old");
  bench.clock.advance(1);
  assert.equal(peer.code(), 4008);
});

test("Session 9: after a resume the client has its 120 s again", async () => {
  const { bench, peer } = await opened({ heartbeatSeconds: 1000 });
  bench.session.publish(bench.event());
  peer.input.closed();
  bench.clock.advance(119_000);
  const second = bench.connect();
  await second.resume(peer.got[0]?.attributes ?? {}, 0);
  bench.clock.advance(119_000);
  assert.equal(second.code(), undefined);
  bench.clock.advance(1_000);
  assert.equal(second.code(), 4008);
});

test("Session 9: writing stops at 256 KB unsent and goes on when it drains, without a gap; pings stop too", async () => {
  const { bench, peer } = await opened();
  peer.unsentBytes = 262_143;
  bench.session.publish(bench.event());
  assert.deepEqual(peer.seqs, [1]);
  peer.unsentBytes = 262_144;
  for (let i = 0; i < 5; i++) bench.session.publish(bench.event());
  bench.clock.advance(15_000);
  assert.deepEqual(peer.seqs, [1]);
  assert.notEqual(peer.last?.message, "Ping");
  peer.unsentBytes = 0;
  peer.input.drained();
  assert.deepEqual(peer.seqs, [1, 2, 3, 4, 5, 6]);
});

test("Session 9: 64 requests may wait for their response; the 65th is TooManyRequests", async () => {
  const { bench, peer } = await opened();
  for (let id = 1; id <= 65; id++) peer.say("RequestQueryServer", { ReferenceID: id });
  assert.equal(bench.requests.length, 64);
  assert.deepEqual(errors(peer), [[65, "TooManyRequests"]]);
  assert.equal(bench.session.respond(1, bench.info(1)), true);
  peer.say("RequestQueryServer", { ReferenceID: 66 });
  assert.equal(bench.requests.length, 65);
});

test("Session 9: 100 requests at once and 50 a second; 1,000 in a burst get 900 TooManyRequests and the session goes on", async () => {
  const { bench, peer } = await opened();
  const ask = (id: number): void => {
    peer.say("RequestQueryServer", { ReferenceID: id });
    const last = bench.requests.at(-1)?.request.attributes.ReferenceID;
    if (last === id) bench.session.respond(id, bench.info(id));
  };
  for (let id = 1; id <= 1000; id++) ask(id);
  assert.equal(bench.requests.length, 100);
  assert.equal(errors(peer).filter(([, name]) => name === "TooManyRequests").length, 900);
  bench.clock.advance(1000);
  for (let id = 1001; id <= 1100; id++) ask(id);
  assert.equal(bench.requests.length, 150);
  assert.equal(peer.code(), undefined);
});

test("Session 9: a reconnect does not give a new burst", async () => {
  const { bench, peer } = await opened({ maxInFlight: 1000 });
  for (let id = 1; id <= 100; id++) peer.say("RequestQueryServer", { ReferenceID: id });
  const second = bench.connect();
  await second.resume(peer.got[0]?.attributes ?? {}, 0);
  second.say("RequestQueryServer", { ReferenceID: 101 });
  assert.deepEqual(errors(second), [[101, "TooManyRequests"]]);
});

test("Session 10: a server that closes says SessionClosing and 1012 to all, and leaves no timer", async () => {
  const { bench, peer } = await opened();
  const opening = bench.connect();
  bench.session.publish(bench.event());
  bench.server.close();
  assert.deepEqual([peer.code(), opening.code()], [1012, 1012]);
  assert.deepEqual(peer.last?.attributes, { Reason: "ServerRestart", Resumable: false });
  assert.equal(bench.clock.pending, 0);
  const late = bench.connect();
  await turn();
  assert.equal(late.code(), 1012);
  assert.deepEqual(
    bench.ended.map(({ reason }) => reason),
    ["ServerRestart"],
  );
});

test("SessionClose ends the session: SessionClosing ClientRequest, close 1000", async () => {
  const { bench, peer } = await opened();
  peer.say("SessionClose");
  assert.deepEqual(peer.last?.attributes, { Reason: "ClientRequest", Resumable: false });
  assert.equal(peer.code(), 1000);
  assert.equal(bench.server.stats().sessions, 0);
  assert.equal(bench.session.respond(1, bench.info(1)), false);
  bench.session.publish(bench.event());
  assert.equal(bench.clock.pending, 0);
});

test("An end from the server's side, as when rights are taken away, closes with 4001", async () => {
  const { bench, peer } = await opened();
  bench.session.end("AccessRevoked");
  assert.equal(peer.code(), 4001);
});
