import assert from "node:assert/strict";
import { test } from "node:test";
import { type MsmlOperation, playOf, type RecorderCommand } from "@sidetone/msml";
import { ControlStore } from "../server/control-store.ts";
import { connectionEnded, type Execution, executeMsml } from "./index.ts";

const create = (
  name?: string,
  more: Partial<Extract<MsmlOperation, { op: "createconference" }>> = {},
): MsmlOperation => ({
  op: "createconference",
  deleteWhen: "nomedia",
  term: false,
  ...(name === undefined ? {} : { name }),
  ...more,
});
const join = (tag: string, conf: string, mark?: string): MsmlOperation => ({
  op: "join",
  id1: `conn:${tag}`,
  id2: `conf:${conf}`,
  streams: [],
  ...(mark === undefined ? {} : { mark }),
});
const recorder = (state: RecorderCommand["state"], more: Partial<RecorderCommand> = {}): MsmlOperation => ({
  op: "modifyconference",
  id: "conf:c",
  recorder: {
    state,
    params: new Map([["id", "r1"]]),
    userParams: new Map(),
    streams: state === "start" ? [{ label: "1", side: "customer", conn: "conn:a" }] : [],
    ...more,
  },
});

function store(...tags: string[]): ControlStore {
  const made = new ControlStore();
  for (const tag of tags) made.add(tag);
  return made;
}

function run(on: ControlStore, ...operations: MsmlOperation[]): Execution {
  let names = 0;
  const execution = executeMsml(on, operations, { dialog: "a", newName: () => `made${++names}` });
  on.apply(execution.changes);
  return execution;
}

const kinds = ({ effects }: Execution): string[] =>
  effects.map((effect) => ("a" in effect ? `${effect.kind} ${effect.a} ${effect.b}` : effect.kind));

test("the set-up of a recorded call: conference, both legs relayed, recorder", () => {
  const control = store("a", "b");
  const done = run(control, create("c"), join("a", "c", "a"), join("b", "c", "b"), recorder("start"));
  assert.equal(done.result.response, 200);
  assert.deepEqual(done.result.recorderIds, ["r1"]);
  assert.deepEqual(kinds(done), ["connect a b", "recorder"]);
  assert.deepEqual(control.conference("c")?.members, ["a", "b"]);
  assert.equal(control.conference("c")?.recorderDialog, "a");
});

test("RFC 5707 5: document order; the first failure stops, nothing is undone, the mark is that of the last success", () => {
  const control = store("a");
  const done = run(control, create("c"), join("a", "c", "first"), join("x", "c", "second"), create("d"));
  assert.deepEqual([done.result.response, done.result.mark], [430, "first"]);
  assert.deepEqual(control.conference("c")?.members, ["a"]);
  assert.equal(control.conference("d"), undefined);
});

test("RFC 5707 5: a mark survives later operations without one", () => {
  const done = run(store("a", "b"), create("c", { mark: "m" }), join("a", "c"), join("x", "c"));
  assert.equal(done.result.mark, "m");
});

test("the view that is given stays as it is", () => {
  const control = store("a");
  executeMsml(control, [create("c"), join("a", "c")], { dialog: "a", newName: () => "n" });
  assert.equal(control.conference("c"), undefined);
  assert.equal(control.connection("a")?.conference, undefined);
});

test("each refusal has its code", () => {
  const crowd = Array.from({ length: 33 }, (_, i) => `m${i}`);
  const table: [string, number, string[], MsmlOperation[]][] = [
    ["432 a conference name that is taken", 432, [], [create("c"), create("c")]],
    ["430 destroy what is not there", 430, [], [{ op: "destroyconference", id: "conf:x" }]],
    ["430 modify what is not there", 430, [], [recorder("start")]],
    ["430 an unknown connection", 430, [], [create("c"), join("a", "c")]],
    ["430 an unknown conference", 430, ["a"], [join("a", "c")]],
    [
      "440 two conferences",
      440,
      [],
      [create("c"), create("d"), { op: "join", id1: "conf:c", id2: "conf:d", streams: [] }],
    ],
    ["440 a connection with itself", 440, ["a"], [{ op: "join", id1: "conn:a", id2: "conn:a", streams: [] }]],
    ["444 joined elsewhere", 444, ["a"], [create("c"), create("d"), join("a", "c"), join("a", "d")]],
    ["520 a member too many", 520, crowd, [create("c"), ...crowd.map((tag) => join(tag, "c"))]],
    [
      "451 video",
      451,
      ["a"],
      [create("c"), { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "video" }] }],
    ],
    [
      "407 one direction",
      407,
      ["a"],
      [create("c"), { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "audio", dir: "to-id1" }] }],
    ],
    [
      "430 unjoin what is not joined",
      430,
      ["a"],
      [create("c"), { op: "unjoin", id1: "conn:a", id2: "conf:c", streams: [] }],
    ],
    ["403 start without streams", 403, ["a"], [create("c"), recorder("start", { streams: [] })]],
    ["430 start with an unknown connection", 430, [], [create("c"), recorder("start")]],
    ["431 start twice", 431, ["a"], [create("c"), recorder("start"), recorder("start")]],
    ["410 R8: an id that is none", 410, ["a"], [create("c"), recorder("start", { params: new Map([["id", "a b"]]) })]],
    ["430 pause without a recorder", 430, ["a"], [create("c"), recorder("pause")]],
    [
      "430 another recording's id",
      430,
      ["a"],
      [create("c"), recorder("start"), recorder("pause", { params: new Map([["id", "other"]]) })],
    ],
    [
      "410 R30: an older epoch",
      410,
      ["a"],
      [create("c"), recorder("start", { epoch: 2 }), recorder("pause", { epoch: 1 })],
    ],
    [
      "410 R30: an older epoch after a stop",
      410,
      ["a"],
      [create("c"), recorder("start", { epoch: 2 }), recorder("stop"), recorder("start", { epoch: 1 })],
    ],
  ];
  for (const [name, code, tags, operations] of table) {
    assert.equal(run(store(...tags), ...operations).result.response, code, name);
  }
});

test("RFC 5707 5: ids that the server chose are in the result", () => {
  const done = run(store("a"), create());
  assert.deepEqual(done.result.confIds, ["conf:made1"]);
  const control = store("a");
  const started = run(control, create("c"), recorder("start", { params: new Map() }));
  assert.deepEqual(started.result.recorderIds, ["made1"]);
  assert.deepEqual(run(control, recorder("stop", { params: new Map() })).result.recorderIds, []);
});

test("pause, resume and stop of a recorder; repeating is no error", () => {
  const control = store("a");
  run(control, create("c"), recorder("start"));
  for (const [state, capture] of [
    ["pause", "paused"],
    ["pause", "paused"],
    ["resume", "recording"],
    ["resume", "recording"],
    ["update", "recording"],
  ] as const) {
    assert.equal(run(control, recorder(state)).result.response, 200);
    assert.equal(control.conference("c")?.recorder?.capture, capture, state);
  }
  assert.equal(run(control, recorder("stop")).result.response, 200);
  assert.equal(control.conference("c")?.recorder, undefined);
  assert.equal(run(control, recorder("start", { epoch: 3 })).result.response, 200);
});

test("joining twice changes nothing", () => {
  const control = store("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"));
  assert.deepEqual(kinds(run(control, join("a", "c"))), []);
});

test("R26: a third member makes of a relay a mix, and of the mix a relay when one leaves", () => {
  const control = store("a", "b", "d");
  const members = ({ effects }: Execution): string[] =>
    effects.map((effect) => (effect.kind === "members" ? effect.members.join(" ") : effect.kind));
  assert.deepEqual(members(run(control, create("c"), join("a", "c"), join("b", "c"))), ["connect"]);
  assert.deepEqual(members(run(control, join("d", "c"))), ["a b d"]);
  assert.deepEqual(members(run(control, { op: "unjoin", id1: "conn:b", id2: "conf:c", streams: [] })), ["a d"]);
  run(control, join("b", "c"));
  const ended = connectionEnded(control, "d", []);
  assert.deepEqual(ended.effects, [{ kind: "members", conference: "c", members: ["a", "b"] }]);
  assert.deepEqual(members(run(control, { op: "destroyconference", id: "conf:c" })), [""]);
});

test("RFC 5707 9.6: one play a connection; who is played something may join and leave meanwhile", () => {
  const control = store("a", "b");
  const play: MsmlOperation = {
    op: "dialogstart",
    target: "conn:a",
    name: "moh",
    content: { kind: "inline", script: [playOf(["file:///music.wav"], { iterate: -1, capture: true })] },
  };
  const started = run(control, play, create("c"), join("a", "c"), join("b", "c"));
  assert.deepEqual(started.result.dialogIds, ["conn:a/dialog:moh"]);
  assert.deepEqual(kinds(started), ["play", "connect a b"]);
  assert.equal(run(control, play).result.response, 431);
  assert.equal(run(control, { ...play, name: "other" }).result.response, 444);
  run(control, { op: "unjoin", id1: "conn:a", id2: "conf:c", streams: [] });
  assert.equal(control.connection("a")?.dialog, "moh");
  const ended: MsmlOperation = { op: "dialogend", id: "conn:a/dialog:moh" };
  assert.deepEqual(kinds(run(control, ended, play)), ["end-play", "play"]);
  assert.equal(run(control, ended, ended).result.response, 430);
});

test("RFC 5707 8.8: two connections directly, and apart again", () => {
  const control = store("a", "b", "d");
  const pair = { id1: "conn:a", id2: "conn:b", streams: [] } as const;
  assert.deepEqual(kinds(run(control, { op: "join", ...pair })), ["connect a b"]);
  assert.equal(run(control, { op: "join", id1: "conn:d", id2: "conn:b", streams: [] }).result.response, 444);
  assert.deepEqual(kinds(run(control, { op: "unjoin", ...pair })), ["disconnect a b"]);
  assert.equal(control.connection("b")?.peer, undefined);
});

test("RFC 5707 8.3: nomedia, the conference goes with its last member and says so; its recorder ends first", () => {
  const control = store("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"), recorder("start"));
  const first = run(control, { op: "unjoin", id1: "conn:a", id2: "conf:c", streams: [] });
  assert.deepEqual(kinds(first), ["disconnect b a"]);
  const last = run(control, { op: "unjoin", id1: "conn:*", id2: "conf:c", streams: [] });
  assert.deepEqual(kinds(last), ["end-recorder", "event"]);
  assert.equal(control.conference("c"), undefined);
});

test("RFC 5707 8.3: never, the conference stays without members", () => {
  const control = store("a");
  run(control, create("c", { deleteWhen: "never" }), join("a", "c"), {
    op: "unjoin",
    id1: "conn:a",
    id2: "conf:c",
    streams: [],
  });
  assert.deepEqual(control.conference("c")?.members, []);
});

test("RFC 5707 8.5: destroy with term hangs up who is left, without it they stay", () => {
  for (const term of [true, false]) {
    const control = store("a", "b");
    run(control, create("c", { term }), join("a", "c"), join("b", "c"));
    const done = run(control, { op: "destroyconference", id: "conf:c" });
    assert.deepEqual(kinds(done), term ? ["disconnect a b", "hang-up", "hang-up"] : ["disconnect a b"]);
    assert.equal(control.connection("a")?.conference, undefined);
  }
});

test("a dialog that ends leaves its conference", () => {
  const control = store("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"));
  const left = connectionEnded(control, "a", ["c"]);
  control.apply(left.changes);
  assert.deepEqual(control.conference("c")?.members, ["b"]);
  const gone = connectionEnded(control, "b", []);
  control.apply(gone.changes);
  assert.equal(control.conference("c"), undefined);
});

test("RFC 5707 8.3: nocontrol, the conference and its participants go with the dialog that made it", () => {
  const control = store("a", "b");
  run(control, create("c", { deleteWhen: "nocontrol" }), join("b", "c"));
  const gone = connectionEnded(control, "a", ["c"]);
  control.apply(gone.changes);
  assert.deepEqual(gone.effects, [{ kind: "hang-up", tag: "b", reason: "control dialog ended" }]);
  assert.equal(control.conference("c"), undefined);
});
