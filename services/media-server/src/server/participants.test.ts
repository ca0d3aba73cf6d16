import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLabels } from "@sidetone/siprec";
import { Bench, events, metadataIn, msml, recorder } from "../../test-support/bench.ts";
import { type FakeSession, settled } from "../../test-support/fake-sip.ts";

function stream(label: "1" | "2", leg: FakeSession, aor: string): string {
  const side = label === "1" ? "customer" : "agent";
  return `<rec:stream label="${label}" side="${side}" conn="conn:${leg.localTag}" aor="sip:${aor}@example"/>`;
}

function join(leg: FakeSession): string {
  return `<join id1="conn:${leg.localTag}" id2="conf:c1"/>`;
}

/** Three legs in a conference, recorded: one customer, two agents. */
async function conference() {
  const bench = new Bench();
  const [a, b, c] = [await bench.leg("pstn"), await bench.leg("7001"), await bench.leg("7002", "sendrecv", "8")];
  const result = await msml(
    a,
    `<createconference name="c1" term="false"/>${join(a)}${join(b)}${join(c)}<modifyconference id="conf:c1">
      <rec:recorder state="start" backfill-ms="35"><rec:param name="id" value="r1"/><rec:param name="recordDN" value="7001"/>
      <rec:param name="agentid" value="1001"/><rec:param name="queue" value="8000"/>
      ${stream("1", a, "pstn")}${stream("2", b, "7001")}${stream("2", c, "7002")}</rec:recorder></modifyconference>`,
  );
  assert.equal(result.response, 200);
  await settled();
  return { bench, a, b, c, session: await bench.acceptRecorder() };
}

test("R26: two participants on one side: one stream of both, each named in the metadata", async () => {
  const { bench } = await conference();
  assert.deepEqual(bench.engine.calls.slice(0, 6), [
    "conference 1/c1: 1",
    "conference 1/c1: 1 2",
    'mix 1/c1 {"comfortNoiseDb":-65}',
    "conference 1/c1: 1 2 3",
    "openTap 4 leg 1 backfill 35",
    "openTap 5 leg 2+3 backfill 35",
  ]);
  const { metadata, sdp } = metadataIn(bench.recorder().body);
  assert.equal(sdp.split("m=audio").length - 1, 2);
  assert.deepEqual(checkLabels(metadata, ["1", "2"]), []);
  const agents = metadata.participantStreams.filter(({ send }) => send[0] === metadata.streams[1]?.id);
  assert.deepEqual(
    agents.map(({ participantId }) => metadata.participants.find(({ id }) => id === participantId)?.names[0]?.aor),
    ["sip:7001@example", "sip:7002@example"],
  );
});

test("R26: update replaces the participants: who is missing leaves, who is new joins, the same taps go on, a re-INVITE says it", async () => {
  const { bench, a, b, c, session } = await conference();
  const d = await bench.leg("7003");
  bench.engine.calls.length = 0;
  bench.clock.advance(5_000);
  const now = bench.clock.wallMicros();
  const moved = `${stream("1", a, "pstn")}${stream("2", c, "7002")}${stream("2", d, "7003")}`;
  const params =
    '<rec:param name="recorddn" value="7002"/><rec:param name="AgentID" value="1002"/><rec:param name="connid" value="77"/>';
  assert.equal((await msml(a, recorder("update", params + moved))).response, 200);
  await settled();
  assert.deepEqual(bench.engine.calls.slice(0, 2), ["sources 4: 1", "sources 5: 3+6"]);
  assert.ok(bench.engine.calls.every((call) => !call.startsWith("openTap") && !call.startsWith("closeTap")));
  const { metadata } = metadataIn(session.sent[0]?.body ?? "");
  const times = metadata.participantSessions.map(({ participantId, associateTime, disassociateTime }) => [
    metadata.participants.find(({ id }) => id === participantId)?.names[0]?.aor,
    associateTime === now,
    disassociateTime === now,
  ]);
  assert.deepEqual(times, [
    ["sip:pstn@example", false, false],
    ["sip:7001@example", false, true],
    ["sip:7002@example", false, false],
    ["sip:7003@example", true, false],
  ]);
  assert.deepEqual(metadata.participantStreams[1]?.send, [], "who has left sends nothing");
  const { call } = metadata;
  assert.deepEqual([call?.recordDn, call?.agentId, call?.connId], ["7002", "1002", "77"]);
  assert.deepEqual(Array.from(call?.params ?? []), [["queue", "8000"]]);
  assert.deepEqual(
    call?.events.map(({ name }) => name),
    ["transfer"],
  );
  b.end({ by: "remote" });
  await settled();
  assert.ok(bench.engine.calls.every((call) => !call.startsWith("closeTap")));
});

test("update without streams keeps the participants; one that names a connection that is gone is refused and changes nothing", async () => {
  const { bench, a, b, c, session } = await conference();
  bench.engine.calls.length = 0;
  assert.equal((await msml(a, recorder("update", '<rec:param name="queue" value="9000"/>'))).response, 200);
  await settled();
  assert.ok(bench.engine.calls.every((call) => !call.startsWith("sources")));
  const { metadata } = metadataIn(session.sent[0]?.body ?? "");
  assert.equal(metadata.participantSessions.filter(({ disassociateTime }) => disassociateTime === undefined).length, 3);
  assert.equal(metadata.call?.params.get("queue"), "9000");
  const gone = stream("1", a, "pstn") + stream("2", b, "7001").replace(b.localTag, "nobody");
  assert.equal((await msml(a, recorder("update", gone))).response, 430);
  assert.ok(bench.engine.calls.every((call) => !call.startsWith("sources")));
  assert.equal(c.state, "confirmed");
});

test("R25: a stream whose only participant has ended is silent, not the recording's end; an update brings the next one", async () => {
  const { bench, a, b, c, session } = await conference();
  for (const leg of [b, c]) {
    leg.end({ by: "remote" });
    await settled();
  }
  assert.ok(bench.engine.calls.includes("sources 5: 3") && bench.engine.calls.includes("sources 5: "));
  assert.equal(session.state, "confirmed");
  assert.ok(events(a).every((event) => event.startsWith("recorder.started")));
  assert.match(metadataIn(session.sent.at(-1)?.body ?? "").sdp, /a=label:2\r\na=inactive/);
  const d = await bench.leg("7003");
  await msml(a, `${join(d)}${recorder("update", stream("1", a, "pstn") + stream("2", d, "7003"))}`);
  await settled();
  assert.equal(bench.engine.calls.filter((call) => call.startsWith("openTap")).length, 2);
  assert.ok(bench.engine.calls.includes("sources 5: 6"));
  assert.match(metadataIn(session.sent.at(-1)?.body ?? "").sdp, /a=label:2\r\na=sendonly/);
});

test("a paused recording takes other participants, and goes on with them when it is resumed", async () => {
  const { bench, a, c } = await conference();
  await msml(a, recorder("pause"));
  await msml(a, recorder("update", stream("1", a, "pstn") + stream("2", c, "7002")));
  await settled();
  assert.equal(bench.engine.taps.get(5)?.paused, true);
  assert.deepEqual(bench.engine.taps.get(5)?.legs, [3]);
  await msml(a, recorder("resume"));
  assert.equal(bench.engine.taps.get(5)?.paused, false);
});
