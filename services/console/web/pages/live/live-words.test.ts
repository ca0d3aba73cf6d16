import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText } from "../../time.ts";
import type { LiveCall } from "./live-types.ts";
import { bytesText, callState, commandsFor, matches, recordingWords, sideNames } from "./live-words.ts";

const since = "2026-11-20T12:05:00.000000Z";
const party = (dn: string, state = "connected", more: object = {}) => ({
  id: dn,
  dn,
  number: dn,
  kind: "internal",
  role: "destination",
  state,
  since,
  agentId: null,
  recorded: dn === "7001",
  ...more,
});
const call = (more: Partial<LiveCall> = {}): LiveCall => ({
  connId: "c1",
  callUuid: "U",
  callType: "Internal",
  ani: "7002",
  dnis: "7001",
  createdTime: since,
  answeredTime: since,
  parties: [party("7002"), party("7001")],
  queue: null,
  recording: { state: "absent", id: null, fileName: null, cause: null, since: null, by: null },
  ...more,
});
const recording = (state: string, cause: string, by: string | null = null): Partial<LiveCall> => ({
  recording: { state, id: "r1", fileName: "f", cause, since, by },
});
const at = clockText(since);

test("R21: the recording state has its cause in words", () => {
  const words = (more: Partial<LiveCall>): string[] => {
    const { text, cause, tone } = recordingWords(call(more));
    return [text, cause, tone];
  };
  assert.deepEqual(words(recording("On", "started")), ["Recording", "configured on 7001", "live"]);
  assert.deepEqual(words(recording("On", "started", "desk")), ["Recording", `started by desk ${at}`, "live"]);
  assert.deepEqual(words(recording("Paused", "paused", "user:sue")), ["Paused", `paused by sue ${at}`, "warn"]);
  assert.deepEqual(words(recording("On", "resumed", "desk")), ["Recording", `resumed by desk ${at}`, "live"]);
  assert.deepEqual(words(recording("Off", "recorder-failed")), [
    "Not recorded any more",
    `the recorder failed ${at}`,
    "bad",
  ]);
  assert.deepEqual(words(recording("Off", "stopped", "desk")), [
    "Not recorded any more",
    `stopped by desk ${at}`,
    "plain",
  ]);
  assert.equal(words({ parties: [party("7002")] })[0], "Not recorded");
});

test("R18: commands are those that make sense", () => {
  const states = ["On", "Paused", "Off"].map((state) => commandsFor(call(recording(state, ""))));
  assert.deepEqual(states, [["pause", "stop"], ["resume", "stop"], ["start"]]);
  assert.deepEqual(commandsFor(call({ answeredTime: null })), []);
});

test("the state of a call, and the filter by state, DN, number and agent", () => {
  const held = call({ parties: [party("7002", "held"), party("7001")] });
  const queued = call({ parties: [party("7002", "dialing")], queue: { dn: "8000", waiting: true } });
  assert.deepEqual([call(), held, queued].map(callState), ["talking", "on hold", "in queue"]);
  assert.ok(matches(held, { text: "", state: "on hold" }) && !matches(call(), { text: "", state: "on hold" }));
  assert.ok(matches(queued, { text: "800", state: "in queue" }));
  assert.ok(matches(call(recording("Paused", "")), { text: "7001", state: "paused" }));
  assert.ok(!matches(call(), { text: "7999", state: "all" }));
});

test("the sides have the names of their parties: the recorded one is the agent", () => {
  const outside = party("trunk", "connected", { number: "+15550100", kind: "external" });
  assert.deepEqual(sideNames(call({ parties: [outside, party("7001", "connected", { agentId: "1001" })] })), [
    "+15550100",
    "7001 (agent 1001)",
  ]);
});

test("bytes are said in the unit that people say", () => {
  assert.deepEqual([0, 999, 1500, 123_456_789, 2.5e12].map(bytesText), ["0 B", "999 B", "1.5 kB", "123 MB", "2.5 TB"]);
});
