import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecorderStream } from "@sidetone/msml";
import { MAX_STREAMS } from "../limits.ts";
import { factsAfter, factsOfStart, type RecordingFacts, sourcesOf } from "./facts.ts";
import { metadataOf } from "./metadata.ts";
import { perParticipant } from "./stream-labels.ts";

const party = (conn: string, side: "customer" | "agent"): RecorderStream => ({
  label: side === "customer" ? "1" : "2",
  side,
  conn: `conn:${conn}`,
  aor: `sip:${conn}@example`,
});
const command = { params: new Map(), userParams: new Map(), streams: [] };

function factsWith(...changes: readonly (readonly RecorderStream[])[]): RecordingFacts {
  const [first = [], ...rest] = changes;
  let facts = factsOfStart("r1", { ...command, state: "start", streams: first }, 1_000);
  rest.forEach((streams, n) => {
    facts = factsAfter(facts, { ...command, state: "update", streams }, 2_000 + n);
  });
  return facts;
}

const a = party("a", "customer");
const b = party("b", "agent");
const c = party("c", "agent");
const d = party("d", "customer");

function streams(facts: RecordingFacts): [string, readonly string[]][] {
  return Array.from(sourcesOf(perParticipant(facts)), ([label, { conns }]) => [label, conns]);
}

test("per-participant: a call of two has the labels of its sides, whoever is named first", () => {
  assert.deepEqual(streams(factsWith([a, b])), [
    ["1", ["conn:a"]],
    ["2", ["conn:b"]],
  ]);
  assert.deepEqual(streams(factsWith([b, a])), [
    ["2", ["conn:b"]],
    ["1", ["conn:a"]],
  ]);
});

test("per-participant: newcomers get a stream of their own, leavers' ends, who comes back has the one it had", () => {
  assert.deepEqual(streams(factsWith([a, b], [a, b, c])), [
    ["1", ["conn:a"]],
    ["2", ["conn:b"]],
    ["3", ["conn:c"]],
  ]);
  assert.deepEqual(streams(factsWith([a, b], [a, b, c], [a, c, d])), [
    ["1", ["conn:a"]],
    ["3", ["conn:c"]],
    ["4", ["conn:d"]],
  ]);
  assert.deepEqual(streams(factsWith([a, b], [a, b, c], [a, c], [a, c, b])), [
    ["1", ["conn:a"]],
    ["3", ["conn:c"]],
    ["2", ["conn:b"]],
  ]);
});

test("per-participant: every participant is named with the stream that it is heard in", () => {
  const facts = perParticipant(factsWith([a, b], [a, b, c]));
  const metadata = metadataOf(facts, ["1", "2", "3"], { copy: 1, epoch: 1 });
  const labelOf = new Map(metadata.streams.map(({ id, label }) => [id, label]));
  const heard = metadata.participants.map(({ id, names, party: who }) => [
    names[0]?.aor,
    who?.side,
    metadata.participantStreams.find((one) => one.participantId === id)?.send.map((stream) => labelOf.get(stream)),
  ]);
  assert.deepEqual(heard, [
    ["sip:a@example", "customer", ["1"]],
    ["sip:b@example", "agent", ["2"]],
    ["sip:c@example", "agent", ["3"]],
  ]);
});

test("per-participant: R28: a prompt is recorded once on the side that does not hear it", () => {
  const sources = sourcesOf(perParticipant(factsWith([a, b, c])));
  assert.deepEqual(
    Array.from(sources, ([label, { prompted }]) => [label, prompted]),
    [
      ["1", ["conn:b", "conn:c"]],
      ["2", ["conn:a"]],
      ["3", []],
    ],
  );
});

test("per-participant: streams are bounded: who comes after the last one is mixed into one of its side", () => {
  const agents = Array.from({ length: 30 }, (_, n) => party(`x${n}`, "agent"));
  const sources = streams(factsWith([a, ...agents]));
  assert.equal(sources.length, MAX_STREAMS);
  assert.equal(
    sources.reduce((sum, [, conns]) => sum + conns.length, 0),
    31,
  );
  assert.deepEqual(sources[0], ["1", ["conn:a"]]);
});
