import assert from "node:assert/strict";
import { test } from "node:test";
import type { MsmlOperation } from "@sidetone/msml";
import { storeOf } from "../../test-support/executor.ts";
import { create, join, kinds, run, unjoin } from "../../test-support/operations.ts";
import { connectionEnded } from "./index.ts";

test("R26: who comes and who goes is told with all that are there", () => {
  const control = storeOf("a", "b", "d");
  assert.deepEqual(
    kinds(run(control, create("c"), join("a", "c"), join("b", "c"), join("d", "c"))).at(-1),
    "members a b d",
  );
  assert.deepEqual(kinds(run(control, unjoin("conn:b", "conf:c"))), ["members a d"]);
  run(control, join("b", "c"));
  assert.deepEqual(kinds(connectionEnded(control, "d", [])), ["members a b"]);
  assert.deepEqual(kinds(run(control, { op: "destroyconference", id: "conf:c" })), ["members"]);
});

test("RFC 5707 8.8, 8.12: directions, gain, mute and clamp of a join are the engine's streams", () => {
  const control = storeOf("a", "b");
  const joined = run(control, create("c"), join("b", "c"), {
    op: "join",
    id1: "conn:a",
    id2: "conf:c",
    streams: [
      { media: "audio", dir: "from-id1", gain: { kind: "mute" }, clamp: { dtmf: true, tone: false } },
      { media: "audio", dir: "to-id1", gain: { kind: "agc", targetDb: -20, maxGainDb: 10 } },
    ],
  });
  assert.deepEqual(kinds(joined).slice(1), [
    "members b a",
    'conn:a > conf:c {"mute":true,"clampDtmf":true}',
    'conf:c > conn:a {"automaticGain":{"targetDb":-20,"maxGainDb":10}}',
  ]);
  const alone = run(storeOf("a"), create("c"), {
    op: "join",
    id1: "conn:a",
    id2: "conf:c",
    streams: [{ media: "audio", dir: "to-id1" }],
  });
  assert.deepEqual(kinds(alone), ["conf:c > conn:a {}"], "who only listens is no two-way member");
});

test("RFC 5707 8.9: what a modifystream does not say stays; a wildcard means all that are joined", () => {
  const control = storeOf("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"));
  const modify = (id1: "conn:*" | "conn:a", gain: object): string[] =>
    kinds(
      run(control, {
        op: "modifystream",
        id1,
        id2: "conf:c",
        streams: [{ media: "audio", dir: "from-id1", ...gain }],
      } as MsmlOperation),
    );
  assert.deepEqual(modify("conn:a", { gain: { kind: "fixed", db: -6 } }), ['conn:a > conf:c {"gainDb":-6}']);
  assert.deepEqual(modify("conn:*", { gain: { kind: "mute" } }), [
    'conn:a > conf:c {"mute":true,"gainDb":-6}',
    'conn:b > conf:c {"mute":true}',
  ]);
  assert.deepEqual(modify("conn:a", { clamp: { dtmf: true, tone: false } }), [
    'conn:a > conf:c {"mute":true,"gainDb":-6,"clampDtmf":true}',
  ]);
  assert.deepEqual(modify("conn:a", { gain: { kind: "unmute" } }), ['conn:a > conf:c {"gainDb":-6,"clampDtmf":true}']);
});

test("RFC 5707 8.8, 8.10: one direction is taken away and added again", () => {
  const control = storeOf("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"));
  const away: MsmlOperation = {
    op: "unjoin",
    id1: "conn:a",
    id2: "conf:c",
    streams: [{ media: "audio", dir: "from-id1" }],
  };
  assert.deepEqual(kinds(run(control, away)), ["conn:a | conf:c"]);
  assert.equal(run(control, away).result.response, 430);
  assert.deepEqual(control.conference("c")?.members, ["a", "b"]);
  assert.deepEqual(kinds(run(control, join("a", "c"))), ["conn:a > conf:c {}"]);
});

test("RFC 5707 8.8: a supervisor coaches: two-way with the agent, hears the customer, who does not hear the supervisor", () => {
  const control = storeOf("supervisor", "agent", "customer");
  const pair = (id1: string, id2: string, streams: object[] = []): MsmlOperation =>
    ({ op: "join", id1: `conn:${id1}`, id2: `conn:${id2}`, streams }) as MsmlOperation;
  const done = run(
    control,
    pair("supervisor", "agent"),
    pair("agent", "customer"),
    pair("supervisor", "customer", [{ media: "audio", dir: "to-id1" }]),
  );
  assert.deepEqual(kinds(done), [
    "connect supervisor agent",
    "conn:agent > conn:customer {}",
    "conn:customer > conn:agent {}",
    "conn:customer > conn:supervisor {}",
  ]);
  assert.deepEqual(kinds(run(control, unjoin("conn:supervisor", "conn:customer"))), [
    "conn:customer | conn:supervisor",
  ]);
});

test("RFC 5707 8.2: a connection hears several at once, up to a number: 444", () => {
  const others = Array.from({ length: 17 }, (_, n) => `o${n}`);
  const control = storeOf("a", ...others);
  const operations = others.map(
    (tag): MsmlOperation => ({
      op: "join",
      id1: `conn:${tag}`,
      id2: "conn:a",
      streams: [{ media: "audio", dir: "from-id1" }],
    }),
  );
  const done = run(control, ...operations);
  assert.equal(done.result.response, 444);
  assert.equal(control.connection("a")?.links.size, 16);
});

test("RFC 5707 8.11: a supervisor listens; an unjoin ends it, and so does the end of either", () => {
  const control = storeOf("agent", "supervisor");
  const monitor: MsmlOperation = { op: "monitor", id1: "conn:agent", id2: "conn:supervisor", compressed: false };
  assert.deepEqual(kinds(run(control, create("c"), join("agent", "c"), monitor)), [
    "members agent",
    "monitor conn:supervisor conn:agent",
  ]);
  assert.deepEqual(kinds(run(control, monitor)), []);
  assert.deepEqual(control.conference("c")?.members, ["agent"], "who listens is no member");
  assert.deepEqual(kinds(run(control, unjoin("conn:agent", "conn:supervisor"))), [
    "end-monitor conn:supervisor conn:agent",
  ]);
  run(control, monitor);
  assert.deepEqual(kinds(connectionEnded(control, "supervisor", [])), ["end-monitor conn:supervisor conn:agent"]);
});

test("RFC 5707 8.8: two connections directly, and apart again", () => {
  const control = storeOf("a", "b");
  const pair = { id1: "conn:a", id2: "conn:b", streams: [] } as const;
  assert.deepEqual(kinds(run(control, { op: "join", ...pair })), ["connect a b"]);
  assert.deepEqual(kinds(run(control, { op: "unjoin", ...pair })), ["disconnect a b"]);
  assert.equal(control.connection("b")?.links.size, 0);
});
