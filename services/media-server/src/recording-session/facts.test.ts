import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RecorderCommand } from "@sidetone/msml";
import { checkLabels, readMetadata, writeMetadata } from "@sidetone/siprec";
import { factsAfter, factsOfStart, factsWithout, sourcesOf } from "./facts.ts";
import { metadataOf } from "./metadata.ts";
import { targetOf } from "./target.ts";

const t0 = 1_795_166_115_000_000;
const command = (state: RecorderCommand["state"], more: Partial<RecorderCommand> = {}): RecorderCommand => ({
  state,
  params: new Map(),
  userParams: new Map(),
  streams: [],
  ...more,
});
const start = command("start", {
  backfillMs: 35,
  epoch: 1,
  params: new Map([
    ["id", "r1"],
    ["filename", "file_1"],
    ["calluuid", "JBNIHE6GIL09DCQ7KUREMIUHVC000001"],
    ["connid", "0110031f8ab2c001"],
    ["recordDN", "7001"],
    ["ani", "+15550100"],
    ["agentid", "1001"],
  ]),
  userParams: new Map([["name1", "a value"]]),
  streams: [
    { label: "1", side: "customer", conn: "conn:a", aor: "sip:+15550100@example" },
    { label: "2", side: "agent", conn: "conn:b", aor: "sip:7001@example", dn: "7001", name: "1001" },
  ],
});
const facts = factsOfStart("r1", start, t0);
const which = { copy: 1, epoch: 1 };

test("R16: time zero lies backfill-ms before the command, at most what is kept", () => {
  assert.equal(facts.startedAt, t0 - 35_000);
  assert.equal(factsOfStart("r1", { ...start, backfillMs: 9_000 }, t0).startedAt, t0 - 2_000_000);
});

test("metadata: valid, complete, labels those of the SDP", () => {
  const xml = writeMetadata(metadataOf(facts, ["1", "2"], which));
  const read = readMetadata(xml);
  assert.ok(read.ok);
  assert.deepEqual(read.value.warnings, []);
  assert.deepEqual(checkLabels(read.value.metadata, ["1", "2"]), []);
  const { call, participants, participantStreams, streams } = read.value.metadata;
  assert.deepEqual(
    participants.map(({ names, party }) => [names[0]?.aor, party?.side, party?.dn]),
    [
      ["sip:+15550100@example", "customer", undefined],
      ["sip:7001@example", "agent", "7001"],
    ],
  );
  assert.deepEqual(participantStreams[0]?.send, [streams[0]?.id]);
  assert.deepEqual(participantStreams[0]?.recv, [streams[1]?.id]);
  assert.equal(call?.callUuid, "JBNIHE6GIL09DCQ7KUREMIUHVC000001");
  assert.deepEqual(
    [call?.connId, call?.agentId, call?.recordDn, call?.fileName, call?.copy, call?.epoch],
    ["0110031f8ab2c001", "1001", "7001", "file_1", 1, 1],
  );
  assert.deepEqual(Array.from(call?.params ?? []), [["ani", "+15550100"]]);
  assert.deepEqual(Array.from(call?.userParams ?? []), [["name1", "a value"]]);
});

const schema = fileURLToPath(new URL("../../../../packages/siprec/schema/recording.xsd", import.meta.url));
const xmllint = spawnSync("xmllint", ["--version"]).error === undefined;
test("RFC 7865 9: metadata of every stage are valid", { skip: xmllint ? false : "xmllint is not installed" }, () => {
  const paused = factsAfter(facts, command("pause"), t0 + 1);
  const moved = factsAfter(
    paused,
    command("update", { streams: [{ label: "2", side: "agent", conn: "conn:c", dn: "7002" }] }),
    t0 + 2,
  );
  const stopped = factsAfter(moved, command("stop", { userParams: new Map([["why", "<&>"]]) }), t0 + 3);
  for (const stage of [facts, paused, moved, factsWithout(facts, "conn:a", t0), stopped]) {
    const input = writeMetadata(metadataOf(stage, ["1", "2"], which));
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], { input, encoding: "utf8" });
    assert.equal(run.status, 0, `${input}\n${run.stderr}`);
  }
});

test("R30: ids of session, streams and participants do not depend on the Media Server", () => {
  const elsewhere = factsOfStart(
    "r1",
    { ...start, streams: start.streams.map((stream) => ({ ...stream, conn: `${stream.conn}-other` as const })) },
    t0 + 5,
  );
  const [here, there] = [metadataOf(facts, ["1", "2"], which), metadataOf(elsewhere, ["1", "2"], which)];
  assert.deepEqual(
    here.participants.map(({ id }) => id),
    there.participants.map(({ id }) => id),
  );
  assert.deepEqual(here.streams, there.streams);
  assert.equal(here.sessions[0]?.id, there.sessions[0]?.id);
});

test("R18: parameters of later commands are added; pause and resume are events, once each", () => {
  const paused = factsAfter(facts, command("pause", { userParams: new Map([["by", "agent"]]) }), t0 + 10);
  assert.equal(paused.state, "paused");
  assert.equal(paused.userParams.get("by"), "agent");
  assert.equal(paused.userParams.get("name1"), "a value");
  const again = factsAfter(paused, command("pause"), t0 + 20);
  const resumed = factsAfter(again, command("resume"), t0 + 30);
  assert.deepEqual(resumed.events, [
    { name: "pause", time: t0 + 10 },
    { name: "resume", time: t0 + 30 },
  ]);
});

test("R26: a newcomer takes the label of the one it replaces; who left has an end", () => {
  const moved = factsAfter(
    facts,
    command("update", {
      streams: [...start.streams.slice(0, 1), { label: "2", side: "agent", conn: "conn:c", dn: "7002" }],
    }),
    t0 + 50,
  );
  assert.deepEqual(Array.from(sourcesOf(moved)), [
    ["1", { conns: ["conn:a"], prompted: ["conn:c"] }],
    ["2", { conns: ["conn:c"], prompted: ["conn:a"] }],
  ]);
  assert.deepEqual(
    moved.parties.map(({ conn, until }) => [conn, until]),
    [
      ["conn:a", undefined],
      ["conn:b", t0 + 50],
      ["conn:c", undefined],
    ],
  );
  assert.deepEqual(
    moved.events.map(({ name }) => name),
    ["transfer"],
  );
  assert.deepEqual(factsAfter(facts, command("update", { streams: start.streams }), t0 + 50).events, []);
});

test("the Request-URI: id, numbers, copy, epoch, generic parameters; the Resource Manager unless dest says otherwise", () => {
  const own = targetOf(facts, which, { manager: "sip:127.0.0.1:5070;transport=tcp" });
  assert.equal(own.nextHop, "sip:127.0.0.1:5070;transport=tcp");
  assert.equal(
    own.requestUri,
    "sip:record=r1@127.0.0.1:5070;transport=tcp;calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001;dn=7001;otherdn=+15550100;recorddn=7001;copy=1;epoch=1;name1=a%20value",
  );
  const chosen = factsAfter(
    facts,
    command("update", {
      params: new Map([
        ["dest", "sip:10.0.0.5:5070"],
        ["DEST2", "10.0.0.6"],
      ]),
    }),
    t0,
  );
  assert.match(
    targetOf(chosen, which, { manager: "sip:127.0.0.1:5070" }).requestUri,
    /^sip:record=r1@10\.0\.0\.5:5070;calluuid=/,
  );
  const second = targetOf(chosen, { copy: 2, epoch: 1 }, { manager: "sip:127.0.0.1:5070" });
  assert.match(second.requestUri, /^sip:record=r1@10\.0\.0\.6;.*copy=2/);
  assert.equal(second.nextHop, "sip:127.0.0.1:5070");
});
