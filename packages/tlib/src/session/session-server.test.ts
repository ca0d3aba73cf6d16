import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, type Got, type Peer } from "./engine.fixture.ts";
import { prepareEvent } from "./prepared-message.ts";

async function opened(): Promise<{ bench: Bench; peer: Peer; session: Got["attributes"] }> {
  const bench = new Bench();
  const peer = bench.connect();
  return { bench, peer, session: await peer.open() };
}

test("Session 2: SessionOpened of a new session says NextSeq 1, LastReferenceID 0, limits and heartbeat", async () => {
  const { session, bench } = await opened();
  assert.equal(session["Resumed"], false);
  assert.equal(session["NextSeq"], 1);
  assert.equal(session["LastReferenceID"], 0);
  assert.equal(session["HeartbeatSeconds"], 15);
  assert.equal(session["ServerStartTime"], "2026-11-20T04:00:00.000000Z");
  assert.deepEqual(session["Capabilities"], ["recording"]);
  assert.deepEqual(session["Limits"], {
    MaxMessageBytes: 65_536,
    MaxInFlight: 64,
    ReplayMessages: 10_000,
    ReplayBytes: 8_388_608,
    ResumeSeconds: 120,
  });
  assert.equal("ResumeFailure" in session, false);
  assert.equal(bench.opened.length, 1);
});

test("seq counts 1, 2, 3 for events and responses alike, and each session for itself", async () => {
  const { bench, peer } = await opened();
  const first = bench.session;
  const other = bench.connect();
  await other.open();
  const shared = bench.event();
  for (const session of bench.server.sessions) session.publish(shared);
  peer.say("RequestQueryServer", { ReferenceID: 1 });
  first.respond(1, bench.info(1));
  for (const session of bench.server.sessions) session.publish(bench.event());
  assert.deepEqual(
    [peer.seqs, other.seqs],
    [
      [1, 2, 3],
      [1, 2],
    ],
  );
});

test("Session 3: an acknowledgement is cumulative, on SessionAck, on a request and on a refused request", async () => {
  const { bench, peer } = await opened();
  for (let i = 0; i < 10; i++) bench.session.publish(bench.event());
  peer.say("SessionAck", { Seq: 4 });
  assert.equal(bench.server.stats().keptMessages, 6);
  peer.say("SessionAck", { Seq: 2 });
  assert.equal(bench.server.stats().keptMessages, 6, "an older one changes nothing");
  peer.say("RequestQueryServer", { ReferenceID: 1 }, { ack: 9 });
  assert.equal(bench.server.stats().keptMessages, 1);
  peer.say("RequestNobodyKnows", { ReferenceID: 2 }, { ack: 10 });
  assert.equal(bench.server.stats().keptMessages, 1, "its EventError");
  assert.equal(peer.last?.attributes["ErrorName"], "UnsupportedOperation");
  peer.say("SessionAck", { Seq: 12 });
  assert.equal(peer.code(), 4000, "what was never sent cannot be acknowledged");
});

test("Session 4: a resume replays from LastSeq+1, with a new token, and keeps what the server said meanwhile", async () => {
  const { bench, peer, session } = await opened();
  for (let i = 0; i < 3; i++) bench.session.publish(bench.event(i));
  peer.say("RequestQueryServer", { ReferenceID: 7 });
  peer.input.closed();
  bench.clock.advance(119_999);
  bench.session.respond(7, bench.info(7));
  const second = bench.connect();
  const resumed = await second.resume(session, 2);
  assert.deepEqual([resumed["Resumed"], resumed["NextSeq"], resumed["LastReferenceID"]], [true, 3, 7]);
  assert.equal(resumed["SessionID"], session["SessionID"]);
  assert.notEqual(resumed["ResumeToken"], session["ResumeToken"]);
  assert.deepEqual(second.seqs, [3, 4]);
  assert.equal(bench.opened.length, 1, "no second EventServerConnected");
});

test("Session 4: the old token is valid until the first message on the new connection, the new one at once", async () => {
  const { bench, session } = await opened();
  const lost = bench.connect();
  await lost.resume(session, 0);
  const again = bench.connect();
  const resumed = await again.resume(session, 0);
  assert.equal(resumed["Resumed"], true, "the lost SessionOpened did no harm");
  again.say("Pong");
  const thief = bench.connect();
  const refused = await thief.resume(session, 0);
  assert.deepEqual([refused["Resumed"], refused["ResumeFailure"]], [false, "NotOwner"]);
  const newest = bench.connect();
  assert.equal((await newest.resume(resumed, 0))["Resumed"], true);
});

test("Session 4: a token that was shown makes the one before it worthless", async () => {
  const { bench, session } = await opened();
  const second = await bench.connect().resume(session, 0);
  const third = await bench.connect().resume(second, 0);
  assert.equal(third["Resumed"], true);
  assert.equal((await bench.connect().resume(session, 0))["ResumeFailure"], "NotOwner");
});

test("Session 5: ResumeFailure says UnknownSession, WindowExceeded, ServerRestarted or NotOwner", async () => {
  const { bench, peer, session } = await opened();
  const failure = async (o: object, lastSeq = 0): Promise<unknown> => {
    const opened = await bench.connect().resume({ ...session, ...o }, lastSeq);
    assert.equal(opened["Resumed"], false);
    assert.notEqual(opened["SessionID"], session["SessionID"]);
    return opened["ResumeFailure"];
  };
  assert.equal(await failure({ SessionID: "nonsense" }), "UnknownSession");
  const [, instance = ""] = String(session["SessionID"]).split("-");
  assert.equal(await failure({ SessionID: `s-${instance}-00` }), "UnknownSession");
  assert.equal(await failure({ SessionID: "s-earlier-00" }), "ServerRestarted");
  assert.equal(await failure({ ResumeToken: "guess" }), "NotOwner");
  const other = bench.connect();
  await other.resume(session, 0, { ApplicationName: "other" });
  assert.equal(other.got[0]?.attributes["ResumeFailure"], "NotOwner");
  assert.equal(peer.code(), undefined, "strangers do not disturb the session");
  for (let i = 0; i < 3; i++) bench.opened[0]?.publish(bench.event());
  peer.say("SessionAck", { Seq: 2 });
  assert.equal(await failure({}, 1), "WindowExceeded");
  assert.deepEqual(
    bench.ended.map(({ reason }) => reason),
    ["WindowExceeded"],
    "its registrations go at once",
  );
});

test("Session 4: 120 s after a disconnect the session ends; a later resume hears WindowExceeded", async () => {
  const { bench, peer, session } = await opened();
  peer.input.closed();
  bench.clock.advance(119_999);
  assert.equal(bench.ended.length, 0);
  bench.clock.advance(1);
  assert.deepEqual(bench.ended, [{ id: session["SessionID"], reason: "ResumeExpired" }]);
  assert.equal((await bench.connect().resume(session, 0))["ResumeFailure"], "WindowExceeded");
});

test("Session 3: while the client is away too many messages end the session", async () => {
  const { bench, peer, session } = await opened();
  peer.input.closed();
  for (let i = 0; i <= 10_000; i++) bench.session.publish(bench.event());
  assert.equal(bench.ended[0]?.reason, "WindowExceeded");
  assert.equal((await bench.connect().resume(session, 0))["ResumeFailure"], "WindowExceeded");
});

test("Session 6: a resend after a resume is dropped silently, what is above runs, the same number twice is InvalidAttribute", async () => {
  const { bench, peer, session } = await opened();
  for (const id of [1, 2, 3]) peer.say("RequestQueryServer", { ReferenceID: id });
  const second = bench.connect();
  await second.resume(session, 0);
  for (const id of [2, 3, 4]) second.say("RequestQueryServer", { ReferenceID: id });
  assert.deepEqual(
    bench.requests.map(({ request }) => request.attributes.ReferenceID),
    [1, 2, 3, 4],
  );
  assert.deepEqual(second.seqs, []);
  for (const id of [4, 3]) {
    second.say("RequestQueryServer", { ReferenceID: id });
    assert.deepEqual(
      [second.last?.attributes["ReferenceID"], second.last?.attributes["ErrorName"]],
      [id, "InvalidAttribute"],
    );
  }
  assert.equal(bench.requests.length, 4);
});

test("Session 6: a refused request counts as accepted: after a resume it is not refused again", async () => {
  const { bench, peer, session } = await opened();
  peer.say("RequestRegisterAddress", { ReferenceID: 5 });
  assert.deepEqual(peer.last?.attributes["ErrorCode"], 53);
  const second = bench.connect();
  const resumed = await second.resume(session, 1);
  assert.equal(resumed["LastReferenceID"], 5);
  second.say("RequestRegisterAddress", { ReferenceID: 5 });
  assert.deepEqual(second.seqs, []);
});

test("Session 7: a request has one direct response; a second is not sent", async () => {
  const { bench, peer } = await opened();
  peer.say("RequestQueryServer", { ReferenceID: 1 });
  assert.equal(bench.session.respond(1, bench.info(1)), true);
  assert.equal(bench.session.respond(1, bench.info(1)), false);
  assert.equal(bench.session.respond(2, bench.info(2)), false);
  assert.deepEqual(peer.seqs, [1]);
});

test("Envelope: an attribute error repeats ReferenceID, ThisDN, ConnID, PrivateMsgID and the request's name", async () => {
  const { peer } = await opened();
  const attributes = { ReferenceID: 1, PrivateMsgID: 3013, ThisDN: "7001", ConnID: "0110031f8ab2c001", Extension: {} };
  peer.say("RequestPrivateService", attributes);
  const { Extension: _, ...echoed } = attributes;
  const { EventSequenceNumber, ErrorMessage, ...error } = peer.last?.attributes ?? {};
  assert.deepEqual(error, {
    ...echoed,
    UserEvent: "RequestPrivateService",
    ErrorCode: 53,
    ErrorName: "InvalidAttribute",
  });
  assert.match(String(ErrorMessage), /Extensions/);
  assert.equal(EventSequenceNumber, 1);
});

test("A prepared message is the JSON of the event, byte for byte, and knows its length", () => {
  const attributes = { EventSequenceNumber: 1, ThisDN: "70é1" };
  const prepared = prepareEvent("EventDNOutOfService", 1_795_166_115_000_250, attributes);
  const whole = { message: "EventDNOutOfService", seq: 17, time: "2026-11-20T09:15:15.000250Z", attributes };
  assert.equal(prepared.text(17), JSON.stringify(whole));
  assert.equal(prepared.bytes, Buffer.byteLength(JSON.stringify(whole)) - 2);
});

test("Hot path: one publish to 2,000 sessions makes its JSON once", async () => {
  const bench = new Bench();
  const peers = await Promise.all(
    Array.from({ length: 2000 }, async () => {
      const peer = bench.connect();
      await peer.open();
      return peer;
    }),
  );
  let made = 0;
  const counted = { toJSON: () => (made++, { n: 1 }) } as unknown as { readonly n: number };
  const event = prepareEvent("EventDNOutOfService", 0, { EventSequenceNumber: 1, ThisDN: "7001", Extensions: counted });
  for (const session of bench.server.sessions) session.publish(event);
  assert.equal(made, 1);
  assert.ok(peers.every((peer) => peer.seqs.length === 1));
  bench.server.close();
  assert.equal(bench.clock.pending, 0);
});
