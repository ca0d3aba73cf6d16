import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { derivedId, isUuidId, readMetadata, type RecordingMetadata, writeMetadata } from "./index.ts";

const schema = fileURLToPath(new URL("../schema/recording.xsd", import.meta.url));
const xmllint = spawnSync("xmllint", ["--version"]).error === undefined;

const session = derivedId("session", "UUID");
const group = derivedId("group", "UUID");
const anna = derivedId("participant", "a");
const bert = derivedId("participant", "b");
const one = derivedId("stream", "1");
const two = derivedId("stream", "2");
const start = 1_795_166_115_000_250;

const full: RecordingMetadata = {
  dataMode: "complete",
  groups: [{ id: group, associateTime: start }],
  sessions: [
    {
      id: session,
      sipSessionIds: ["ab;remote=cd"],
      reasons: [{ cause: 200, protocol: "SIP", text: "Call completed elsewhere" }],
      groupId: group,
      startTime: start,
      stopTime: start + 1_000_000,
    },
  ],
  participants: [
    { id: anna, names: [{ aor: "sip:+15550100@example", name: "Anna <&>", lang: "it" }], party: { side: "customer" } },
    { id: bert, names: [{ aor: "sip:7001@example" }], party: { side: "agent", dn: "7001" } },
  ],
  streams: [
    { id: one, sessionId: session, label: "1" },
    { id: two, sessionId: session, label: "2" },
  ],
  sessionRecordings: [{ sessionId: session, associateTime: start }],
  participantSessions: [
    { participantId: anna, sessionId: session, associateTime: start, params: [["sip.automata", "true"]] },
    { participantId: bert, sessionId: session, associateTime: start, disassociateTime: start + 5, params: [] },
  ],
  participantStreams: [
    { participantId: anna, send: [one], recv: [two], associateTime: start },
    { participantId: bert, send: [two], recv: [one] },
  ],
  call: {
    recordingId: "r1",
    state: "paused",
    callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
    connId: "0110031f8ab2c001",
    agentId: "1001",
    recordDn: "7001",
    fileName: "file_1",
    copy: 1,
    epoch: 2,
    params: new Map([["ani", "+15550100"]]),
    userParams: new Map([["name1", 'value "1" & <more>\n']]),
    events: [{ name: "pause", time: start, reason: "client" }],
  },
};

const empty: RecordingMetadata = {
  dataMode: "complete",
  groups: [],
  sessions: [],
  participants: [],
  streams: [],
  sessionRecordings: [],
  participantSessions: [],
  participantStreams: [],
  call: undefined,
};

test("what is written is read back the same, without a warning", () => {
  for (const metadata of [full, empty]) {
    const read = readMetadata(writeMetadata(metadata));
    assert.ok(read.ok);
    assert.deepEqual(read.value.metadata, metadata);
    assert.deepEqual(read.value.warnings, []);
  }
});

test("RFC 7865 9: generated metadata are valid", { skip: xmllint ? false : "xmllint is not installed" }, () => {
  for (const metadata of [full, empty]) {
    const input = writeMetadata(metadata);
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], { input, encoding: "utf8" });
    assert.equal(run.status, 0, `${input}\n${run.stderr}`);
  }
});

test("the schema is a judge: it refuses an element out of order and a bad extension", {
  skip: xmllint ? false : "xmllint is not installed",
}, () => {
  const input = writeMetadata(full);
  for (const broken of [
    input
      .replace("<datamode>complete</datamode>", "")
      .replace("</recording>", "<datamode>complete</datamode></recording>"),
    input.replace('state="paused"', 'state="sleeping"'),
  ]) {
    assert.notEqual(broken, input);
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], {
      input: broken,
      encoding: "utf8",
    });
    assert.notEqual(run.status, 0, broken);
  }
});

test("RFC 7865 6.10: derived ids are base64 of 16 bytes and repeat", () => {
  assert.ok(isUuidId(session));
  assert.equal(derivedId("session", "UUID"), session);
  assert.notEqual(derivedId("a", "bc"), derivedId("ab", "c"));
  assert.ok(!isUuidId("not base64"));
});
