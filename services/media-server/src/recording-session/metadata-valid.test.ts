// RFC 7865 9: every document that a SIPREC client of ours sends, of everything that can happen to a call, judged by the RFC's schema.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkLabels, readMetadata, type RecordingMetadata, writeSnapshotRequest } from "@sidetone/siprec";
import { agentOf, callOfTwo, RecorderScene } from "../../test-support/recorder-scene.ts";
import type { SessionProfile } from "./profile.ts";

const schema = fileURLToPath(new URL("../../../../packages/siprec/schema/recording.xsd", import.meta.url));
const xmllint = spawnSync("xmllint", ["--version"]).error === undefined;
const [customer] = callOfTwo;

/** Hold, retrieve, transfer, conference, leave, pause, resume, parameters, a snapshot, another recorder, stop. */
async function everything(profile: Partial<SessionProfile>): Promise<RecorderScene> {
  const s = await new RecorderScene(new Map([["*", profile]])).start(
    {
      connid: "0110031f8ab2c001",
      filename: "file_1",
      agentid: "1001",
      ani: "+1555",
      queue: "8000",
      dest2: "sip:second",
    },
    { userParams: new Map([["name1", 'a <value> & "more"']]) },
  );
  await s.flow("conn:b", true, false);
  await s.flow("conn:b", true, true);
  await s.flow("conn:b", false, false);
  await s.flow("conn:b", true, true);
  await s.command("update", { streams: [customer, agentOf("c", "7002")] });
  await s.command("update", { streams: [customer, agentOf("c", "7002"), agentOf("d", "7003")] });
  await s.command("pause", { userParams: { by: "agent\u0000\u001b" } });
  await s.command("resume");
  void s.srs.session.update({ body: writeSnapshotRequest("again"), contentType: "application/rs-metadata+xml" });
  await s.after(6_000);
  void s.srs.sessions[0]?.bye();
  await s.after(200);
  await s.recorder.partyLeft("conn:d");
  await s.after(50);
  await s.command("stop", { params: { id: "r1" }, userParams: { outcome: "sold" } });
  await s.after(3_000);
  return s;
}

const profiles: readonly Partial<SessionProfile>[] = [
  {},
  { streams: "per-participant" },
  { layout: "session-per-party" },
  { layout: "session-per-party", streams: "per-participant" },
];

test("RFC 7865 9: documents of all happenings are valid", {
  skip: xmllint ? false : "xmllint is not installed",
}, async () => {
  const documents = new Set<string>();
  for (const profile of profiles)
    for (const { raw } of (await everything(profile)).srs.heard) if (raw !== "") documents.add(raw);
  assert.ok(documents.size > 60, `${documents.size} documents`);
  const folder = mkdtempSync(join(tmpdir(), "sidetone-metadata-"));
  try {
    const files = Array.from(documents, (raw, n) => {
      const file = join(folder, `${n}.xml`);
      writeFileSync(file, raw);
      return file;
    });
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, ...files], { encoding: "utf8" });
    assert.equal(
      run.status,
      0,
      run.stderr
        .split("\n")
        .filter((line) => !line.endsWith(" validates"))
        .slice(0, 10)
        .join("\n"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("RFC 7866 9.1: every document is complete, comes with its offer, and names the labels of that offer; nothing in it is odd", async () => {
  for (const profile of profiles) {
    for (const { method, sdp, raw } of (await everything(profile)).srs.heard) {
      if (method === "BYE") continue;
      const read = readMetadata(raw);
      assert.ok(read.ok);
      const { metadata, warnings } = read.value;
      assert.equal(metadata.dataMode, "complete");
      const labels = Array.from(sdp.matchAll(/a=label:(\S+)/g), ([, label]) => label ?? "");
      assert.deepEqual([warnings, checkLabels(metadata, labels)], [[], []], raw);
    }
  }
});

/** Who sends and who hears, as `dn: sends/hears`; of those who are there. */
function flows(metadata: RecordingMetadata | undefined): string[] {
  assert.ok(metadata !== undefined);
  const label = new Map(metadata.streams.map((stream) => [stream.id, stream.label]));
  return metadata.participantStreams
    .filter(({ disassociateTime }) => disassociateTime === undefined)
    .map(({ participantId, send, recv }) => {
      const who = metadata.participants.find(({ id }) => id === participantId)?.party?.dn ?? "customer";
      return `${who}: ${send.map((id) => label.get(id)).join()}/${recv.map((id) => label.get(id)).join()}`;
    });
}

test("RFC 8068 3.2: hold, retrieve, transfer, conference, leave, pause, stop in the terms of RFC 7865 and as events of ours", async () => {
  const s = await new RecorderScene().start();
  assert.deepEqual(flows(s.srs.last.metadata), ["customer: 1/2", "7001: 2/1"]);
  await s.flow("conn:b", true, false);
  assert.deepEqual(flows(s.srs.last.metadata), ["customer: 1/2", "7001: 2/"], "hold: who holds hears nothing");
  await s.flow("conn:b", false, false);
  assert.deepEqual(flows(s.srs.last.metadata), ["customer: 1/", "7001: /"]);
  await s.flow("conn:b", true, true);
  assert.deepEqual(flows(s.srs.last.metadata), ["customer: 1/2", "7001: 2/1"]);

  await s.command("update", { streams: [customer, agentOf("c", "7002")] });
  const moved = s.srs.last.metadata;
  assert.deepEqual(flows(moved), ["customer: 1/2", "7002: 2/1"]);
  assert.equal(moved?.participantSessions.filter(({ disassociateTime }) => disassociateTime !== undefined).length, 1);
  await s.command("update", { streams: [customer, agentOf("c", "7002"), agentOf("d", "7003")] });
  assert.deepEqual(flows(s.srs.last.metadata), ["customer: 1/2", "7002: 2/1", "7003: 2/1"]);
  await s.recorder.partyLeft("conn:c");
  await s.after(50);
  await s.command("pause");
  const paused = s.srs.last;
  assert.deepEqual([paused.metadata?.call?.state, paused.sdp.includes("a=sendonly")], ["paused", false]);
  await s.command("resume");
  await s.command("stop", { params: { id: "r1" }, userParams: { outcome: "sold" } });
  const last = s.srs.heard.findLast(({ raw }) => raw !== "")?.metadata;
  assert.equal(last?.sessions[0]?.stopTime, undefined, "the call goes on");
  assert.notEqual(last?.sessionRecordings[0]?.disassociateTime, undefined, "its recording does not");
  assert.deepEqual(
    last?.call?.events.map(({ name, reason }) => [name, ...(reason === undefined ? [] : [reason])].join(" ")),
    ["hold 7001", "retrieve 7001", "transfer 7001 to 7002", "conference 7003", "leave 7002", "pause", "resume", "stop"],
  );
});

test("RFC 7865 6.3.1: where the call is over its session has a stop-time, too", async () => {
  const s = await new RecorderScene().start();
  for (const conn of ["conn:a", "conn:b"]) await s.recorder.partyLeft(conn);
  await s.command("stop", { params: { id: "r1" }, userParams: { outcome: "sold" } });
  const last = s.srs.heard.findLast(({ raw }) => raw !== "")?.metadata;
  assert.notEqual(last?.sessions[0]?.stopTime, undefined);
});
