import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaStream, MsmlOperation, ObjectRef } from "@sidetone/msml";
import { storeOf } from "../../test-support/executor.ts";
import { create, join, kinds, run, unjoin } from "../../test-support/operations.ts";
import { MAX_JOINED, MAX_MEMBERS } from "../limits.ts";
import type { ControlStore } from "../server/control-store.ts";
import { connectionEnded } from "./index.ts";

const pair = (id1: ObjectRef, id2: ObjectRef, ...streams: MediaStream[]): MsmlOperation => {
  return { op: "join", id1, id2, streams };
};
const listen = (id1: `conn:${string}`, id2: ObjectRef): MsmlOperation => {
  return { op: "monitor", id1, id2, compressed: false };
};
const only = (dir: "from-id1" | "to-id1"): MediaStream => ({ media: "audio", dir });
const codeOf = (on: ControlStore, ...operations: MsmlOperation[]): number => run(on, ...operations).result.response;

/** Conferences p, q, r, each with a connection of the same name. */
function three(): ControlStore {
  const control = storeOf("p", "q", "r", "s");
  run(control, ...["p", "q", "r"].flatMap((name) => [create(name), join(name, name)]));
  return control;
}

test("RFC 5707 8.8: two conferences are joined both ways or one, with gain and mute; a modifystream changes one direction, an unjoin takes it away", () => {
  const control = three();
  assert.deepEqual(kinds(run(control, pair("conf:p", "conf:q"))), ["conf:p > conf:q {}", "conf:q > conf:p {}"]);
  assert.deepEqual(control.conference("p")?.members, ["p"], "a conference is no connection among the members");
  const gain: MsmlOperation = {
    op: "modifystream",
    id1: "conf:p",
    id2: "conf:*",
    streams: [{ ...only("to-id1"), gain: { kind: "fixed", db: -6 } }],
  };
  assert.deepEqual(kinds(run(control, gain)), ['conf:q > conf:p {"gainDb":-6}']);
  const away: MsmlOperation = { op: "unjoin", id1: "conf:p", id2: "conf:q", streams: [only("from-id1")] };
  assert.deepEqual(kinds(run(control, away)), ["conf:p | conf:q"]);
  assert.deepEqual(kinds(run(control, unjoin("conn:*", "conf:q"))), ["conn:q | conf:q", "conf:q | conn:q"]);
  assert.deepEqual(kinds(run(control, { op: "unjoin", id1: "conf:q", id2: "conf:p", streams: [] })), [
    "conf:q | conf:p",
    "members",
    "event",
  ]);
  assert.equal(control.conference("q"), undefined, "nomedia: nobody is left whom it was there for");
});

for (const [title, code, before, last] of [
  ["a chain of three", 200, [pair("conf:p", "conf:q")], pair("conf:q", "conf:r")],
  ["a ring of three", 440, [pair("conf:p", "conf:q"), pair("conf:q", "conf:r")], pair("conf:r", "conf:p")],
  [
    "a ring of one direction",
    440,
    [pair("conf:p", "conf:q", only("from-id1")), pair("conf:q", "conf:r", only("from-id1"))],
    pair("conf:r", "conf:p", only("from-id1")),
  ],
  [
    "no ring: both hear the third",
    200,
    [pair("conf:p", "conf:q", only("from-id1")), pair("conf:p", "conf:r", only("from-id1"))],
    pair("conf:q", "conf:r", only("from-id1")),
  ],
  ["a conference with itself", 440, [], pair("conf:p", "conf:p")],
  ["who speaks in one and hears the other", 440, [pair("conf:p", "conf:q")], pair("conn:p", "conf:q")],
  ["the same, joined afterwards", 440, [pair("conn:p", "conf:q")], pair("conf:p", "conf:q")],
  ["who hears both", 200, [pair("conf:p", "conf:q")], pair("conn:s", "conf:p", only("to-id1"))],
  ["a conference that is not there", 430, [], pair("conf:p", "conf:x")],
  ["a conference that hears what its own member hears", 440, [], listen("conn:p", "conf:p")],
  [
    "a conference that hears it by a join",
    440,
    [pair("conf:q", "conf:p", only("from-id1"))],
    listen("conn:p", "conf:q"),
  ],
  ["a conference that is heard by nobody there", 200, [pair("conf:p", "conf:r")], listen("conn:p", "conf:q")],
  ["a join that closes the ring of a monitor", 440, [listen("conn:p", "conf:q")], pair("conf:q", "conf:p")],
  [
    "who speaks here and hears who listens",
    440,
    [listen("conn:p", "conf:q"), pair("conn:s", "conf:p")],
    pair("conn:s", "conf:q"),
  ],
] as const) {
  test(`RFC 5707 8.8, 8.11: nothing comes back to where it came from: ${title}: ${code}`, () => {
    const control = three();
    assert.equal(run(control, ...before).result.response, 200);
    const result = run(control, last);
    assert.equal(result.result.response, code, result.result.description);
    if (code !== 200) assert.deepEqual(kinds(result), []);
  });
}

test("RFC 5707 8.3: a conference goes with the last connection of all that are joined, and so do they; destroyconference parts them", () => {
  const control = three();
  run(control, pair("conf:p", "conf:q"), pair("conf:q", "conf:r"));
  assert.deepEqual(kinds(connectionEnded(control, "q", ["q"])), ["conn:q | conf:q", "conf:q | conn:q"]);
  for (const tag of ["q", "p"]) {
    const { changes } = connectionEnded(control, tag, []);
    control.apply(changes);
    control.remove(tag);
  }
  assert.ok(control.conference("p") !== undefined && control.conference("q") !== undefined, "r is heard there");
  const { changes, effects } = connectionEnded(control, "r", []);
  control.apply(changes);
  assert.equal(control.conferenceCount, 0);
  assert.equal(effects.filter(({ kind }) => kind === "event").length, 3);

  const other = three();
  run(other, pair("conf:p", "conf:q"));
  run(other, { op: "destroyconference", id: "conf:p" });
  assert.equal(other.conference("q")?.links.size, 1);
  assert.equal(codeOf(other, pair("conf:q", "conf:r")), 200);
});

test("RFC 5707 8.11: a conference hears what a connection hears; it is no member, and either's end ends it", () => {
  const control = three();
  assert.deepEqual(kinds(run(control, listen("conn:p", "conf:q"))), ["monitor conf:q conn:p"]);
  assert.deepEqual(control.conference("q")?.members, ["q"]);
  assert.deepEqual(kinds(run(control, unjoin("conn:p", "conf:q"))), ["end-monitor conf:q conn:p"]);
  run(control, listen("conn:p", "conf:q"));
  assert.ok(kinds(connectionEnded(control, "p", [])).includes("end-monitor conf:q conn:p"));
  run(control, { op: "destroyconference", id: "conf:q" });
  assert.deepEqual(control.connection("p")?.copiedTo, []);
  assert.equal(codeOf(control, { ...listen("conn:p", "conf:r"), compressed: true } as MsmlOperation), 450);
});

test(`no more than ${MAX_JOINED} conferences are joined together (521), no more than ${MAX_MEMBERS} inputs of one (520)`, () => {
  const tags = Array.from({ length: MAX_MEMBERS }, (_, n) => `m${n}`);
  const control = storeOf(...tags);
  const names = Array.from({ length: MAX_JOINED + 1 }, (_, n) => `c${n}`);
  run(control, ...names.map((name) => create(name)));
  const chain = names.slice(1).map((name, n) => pair(`conf:${names[n]}`, `conf:${name}`));
  assert.equal(codeOf(control, ...chain.slice(0, -1)), 200);
  assert.equal(codeOf(control, ...chain.slice(-1)), 521);
  const joins = tags.map((tag) => join(tag, "c0"));
  assert.equal(codeOf(control, ...joins.slice(0, -1)), 200);
  assert.equal(codeOf(control, ...joins.slice(-1)), 520);
});
