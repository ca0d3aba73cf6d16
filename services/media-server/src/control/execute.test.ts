import assert from "node:assert/strict";
import { test } from "node:test";
import type { DialogStart, MsmlOperation } from "@sidetone/msml";
import { playOf } from "@sidetone/msml";
import { contextOf, execute, storeOf } from "../../test-support/executor.ts";
import { create, join, kinds, play, recorder, run, unjoin } from "../../test-support/operations.ts";
import { connectionEnded } from "./index.ts";

test("the set-up of a recorded call: conference, both legs, recorder", () => {
  const control = storeOf("a", "b");
  const done = run(control, create("c"), join("a", "c", "a"), join("b", "c", "b"), recorder("start"));
  assert.equal(done.result.response, 200);
  assert.deepEqual(done.result.recorderIds, ["r1"]);
  assert.deepEqual(kinds(done), ["members a", "members a b", "recorder"]);
  assert.deepEqual(control.conference("c")?.members, ["a", "b"]);
  assert.equal(control.conference("c")?.recorderDialog, "a");
});

test("RFC 5707 5: document order; the first failure stops, nothing is undone, the mark is that of the last success", () => {
  const control = storeOf("a");
  const done = run(control, create("c"), join("a", "c", "first"), join("x", "c", "second"), create("d"));
  assert.deepEqual([done.result.response, done.result.mark], [430, "first"]);
  assert.deepEqual(control.conference("c")?.members, ["a"]);
  assert.equal(control.conference("d"), undefined);
});

test("RFC 5707 5: a mark survives later operations without one", () => {
  const done = run(storeOf("a", "b"), create("c", { mark: "m" }), join("a", "c"), join("x", "c"));
  assert.equal(done.result.mark, "m");
});

test("RFC 5707 5: without room for all of a document nothing of it runs, whatever else is wrong with it", () => {
  const start = (name: string): DialogStart => play({ name });
  const record = (dest?: string): DialogStart =>
    play({
      content: {
        kind: "inline",
        script: [
          {
            kind: "record",
            append: false,
            format: { fileType: "wav", codecs: [] },
            initial: "create",
            maxTimeMs: 1,
            preSpeechMs: 0,
            postSpeechMs: 0,
            before: [],
            onExit: [],
            ...(dest === undefined ? {} : { dest }),
          },
        ],
      },
    });
  const reserve = { required: true, resources: [{ n: 4, type: "shared", elements: [] }] } as const;
  const crowd = Array.from({ length: 33 }, (_, i) => `m${i}`);
  const table: [string, MsmlOperation[], string[]][] = [
    ["conferences", [create("c"), create("d"), create("e")], []],
    ["dialogs", [create("c"), start("1"), start("2"), start("3")], []],
    [
      "taps of a recorder with a duplicate",
      [create("c"), recorder("start", { params: new Map([["dest2", "sip:b"]]) }), recorder("stop"), recorder("start")],
      [],
    ],
    ["taps of dialogs", [create("c"), record(), record("sip:r@h"), record()], []],
    ["a reservation", [create("c", { reserve })], []],
    ["members", [create("c"), ...crowd.map((tag) => join(tag, "c"))], crowd],
    ["what would fail before", [unjoin("conn:x", "conf:y"), create("c"), create("d"), create("e")], []],
  ];
  for (const [name, operations, tags] of table) {
    const control = storeOf("a", ...tags);
    const context = contextOf({ free: { conferences: 2, dialogs: 2, taps: 2 } });
    const done = execute(control, [{ ...create("first", { mark: "m" }) }, ...operations].slice(1), context);
    assert.deepEqual([done.result.response, done.result.mark, done.effects], [520, undefined, []], name);
    assert.equal(control.conference("c"), undefined, name);
  }
  const enough = contextOf({ free: { conferences: 1, dialogs: 2, taps: 2 } });
  const again = [create("c"), { op: "destroyconference", id: "conf:c" } as const, create("d")];
  const control = storeOf("a");
  run(control, create("c"));
  assert.equal(execute(control, [{ op: "destroyconference", id: "conf:c" }, create("c")], enough).result.response, 200);
  assert.equal(execute(storeOf("a"), again, enough).result.response, 200, "what is given back counts");
  const loose = { ...reserve, required: false };
  assert.equal(execute(storeOf("a"), [create("c", { reserve: loose })], enough).result.response, 200);
});

test("the view that is given stays as it is", () => {
  const control = storeOf("a");
  const before = control.connection("a");
  run(control, create("c"), join("a", "c"));
  assert.equal(before?.links.size, 0);
});

test("each refusal has its code", () => {
  const table: [string, number, string[], MsmlOperation[]][] = [
    ["432 a conference name that is taken", 432, [], [create("c"), create("c")]],
    ["450 another sample rate", 450, [], [create("c", { audiomix: { sampleRate: 16_000 } })]],
    ["521 more of the loudest than members", 521, [], [create("c", { audiomix: { nLoudest: 33 } })]],
    ["430 destroy what is not there", 430, [], [{ op: "destroyconference", id: "conf:x" }]],
    [
      "430 destroy a mixer that is not there",
      430,
      [],
      [create("c", { audiomix: { id: "m" } }), { op: "destroyconference", id: "conf:c", audiomix: { id: "n" } }],
    ],
    ["430 modify what is not there", 430, [], [recorder("start")]],
    ["430 an unknown connection", 430, [], [create("c"), join("a", "c")]],
    ["430 an unknown conference", 430, ["a"], [join("a", "c")]],
    ["440 a conference with itself", 440, [], [create("c"), { op: "join", id1: "conf:c", id2: "conf:c", streams: [] }]],
    ["440 a connection with itself", 440, ["a"], [{ op: "join", id1: "conn:a", id2: "conn:a", streams: [] }]],
    [
      "441 video",
      441,
      ["a"],
      [create("c"), { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "video" }] }],
    ],
    [
      "407 other tones are not taken out",
      407,
      ["a"],
      [
        create("c"),
        {
          op: "join",
          id1: "conn:a",
          id2: "conf:c",
          streams: [{ media: "audio", clamp: { dtmf: true, tone: true } }],
        },
      ],
    ],
    [
      "521 a gain beyond what is served",
      521,
      ["a"],
      [
        create("c"),
        { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "audio", gain: { kind: "fixed", db: 40 } }] },
      ],
    ],
    [
      "409 preferred, but not into a conference",
      409,
      ["a", "b"],
      [{ op: "join", id1: "conn:a", id2: "conn:b", streams: [{ media: "audio", preferred: true }] }],
    ],
    [
      "450 compressed into a mix",
      450,
      ["a"],
      [create("c"), { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "audio", compressed: true }] }],
    ],
    ["430 unjoin what is not joined", 430, ["a"], [create("c"), unjoin("conn:a", "conf:c")]],
    [
      "430 modify a stream that is not there",
      430,
      ["a"],
      [
        create("c"),
        { op: "join", id1: "conn:a", id2: "conf:c", streams: [{ media: "audio", dir: "to-id1" }] },
        {
          op: "modifystream",
          id1: "conn:a",
          id2: "conf:c",
          streams: [{ media: "audio", dir: "from-id1", gain: { kind: "mute" } }],
        },
      ],
    ],
    ["410 a wildcard on both sides", 410, ["a"], [{ op: "unjoin", id1: "conn:*", id2: "conf:*", streams: [] }]],
    [
      "440 a conference does not listen to its own",
      440,
      ["a"],
      [create("c"), join("a", "c"), { op: "monitor", id1: "conn:a", id2: "conf:c", compressed: false }],
    ],
    ["440 nobody listens to itself", 440, ["a"], [{ op: "monitor", id1: "conn:a", id2: "conn:a", compressed: false }]],
    ["430 an event for nobody", 430, ["a"], [{ op: "send", event: "x", target: { root: "conn:b" }, values: [] }]],
    [
      "430 an event for an object itself",
      430,
      ["a"],
      [{ op: "send", event: "x", target: { root: "conn:a" }, values: [] }],
    ],
    [
      "430 an event for a dialog that is not there",
      430,
      ["a"],
      [{ op: "send", event: "x", target: { root: "conn:a", dialog: "d" }, values: [] }],
    ],
    ["430 an audit of nobody", 430, ["a"], [{ op: "audit", query: "conn:b", states: [] }]],
    ["430 a dialog on nobody", 430, [], [play()]],
    ["431 a dialog's name that is taken", 431, ["a"], [play(), play()]],
    ["444 a dialog too many", 444, ["a"], Array.from({ length: 9 }, (_, n) => play({ name: `d${n}` }))],
    ["410 a path out of the folder", 410, ["a"], [play({}, "file:///../x.wav")]],
    [
      "402 a variable that is spoken",
      402,
      ["a"],
      [
        play({
          content: {
            kind: "inline",
            script: [{ ...playOf([]), media: [{ kind: "var", type: "digits", value: "12" }] }],
          },
        }),
      ],
    ],
    [
      "440 keys for a conference",
      440,
      ["a"],
      [
        create("c"),
        play({
          target: "conf:c",
          content: {
            kind: "inline",
            script: [{ kind: "dtmfgen", digits: "1", levelDb: -6, durationMs: 100, intervalMs: 100, onExit: [] }],
          },
        }),
      ],
    ],
    ["430 end a dialog that is not there", 430, ["a"], [{ op: "dialogend", id: "conn:a/dialog:x" }]],
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
    [
      "410 R30: an older epoch of the same recording in another conference",
      410,
      ["a"],
      [
        create("c"),
        recorder("start", { epoch: 3 }),
        recorder("stop"),
        create("d"),
        { ...recorder("start", { epoch: 2 }), id: "conf:d" } as MsmlOperation,
      ],
    ],
  ];
  for (const [name, code, tags, operations] of table) {
    const { result } = run(storeOf(...tags), ...operations);
    assert.equal(result.response, code, `${name}: ${result.description}`);
    assert.notEqual(result.description ?? "", "", name);
  }
});

test("423: where nothing may be fetched from; 410: where nothing may be recorded to", () => {
  const context = contextOf({ refusedSource: () => "not from there", refusedDestination: () => "not there" });
  const external: DialogStart = play({ content: { kind: "external", src: "http://elsewhere/a.moml" } });
  assert.equal(execute(storeOf("a"), [external], context).result.response, 423);
  assert.equal(execute(storeOf("a"), [play({}, "http://elsewhere/a.wav")], context).result.response, 423);
});

test("RFC 5707 5: ids that the server chose are in the result", () => {
  const done = run(storeOf("a"), create());
  assert.deepEqual(done.result.confIds, ["conf:made1"]);
  const control = storeOf("a");
  const started = run(control, create("c"), recorder("start", { params: new Map() }));
  assert.deepEqual(started.result.recorderIds, ["made1"]);
  assert.deepEqual(run(control, recorder("stop", { params: new Map() })).result.recorderIds, []);
  const { name: _, ...nameless } = play();
  assert.deepEqual(run(control, nameless).result.dialogIds, ["conn:a/dialog:made1"]);
});

test("pause, resume and stop of a recorder; repeating is no error", () => {
  const control = storeOf("a");
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
  const control = storeOf("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"));
  assert.deepEqual(kinds(run(control, join("a", "c"))), []);
});

test("RFC 5707 8.4, 8.6: what a modifyconference does not say of a mixer stays", () => {
  const control = storeOf("a");
  const asn = { intervalMs: 10_000, thresholdDb: -96 };
  assert.deepEqual(kinds(run(control, create("c", { audiomix: { nLoudest: 3, asn } }))), ["mix"]);
  const done = run(control, {
    op: "modifyconference",
    id: "conf:c",
    audiomix: { asn: { intervalMs: 4000, thresholdDb: -40 } },
  });
  assert.deepEqual(done.effects, [
    { kind: "mix", conference: "c", audiomix: { nLoudest: 3, asn: { intervalMs: 4000, thresholdDb: -40 } } },
  ]);
  assert.equal(control.conference("c")?.speakersTo, "a");
});

test("RFC 5707 9.6: a dialog is there until its exit is told; who is played something may join and leave meanwhile", () => {
  const control = storeOf("a", "b");
  const started = run(control, play(), create("c"), join("a", "c"), join("b", "c"));
  assert.deepEqual(started.result.dialogIds, ["conn:a/dialog:moh"]);
  assert.deepEqual(kinds(started), ["start-dialog", "members a", "members a b"]);
  run(control, unjoin("conn:a", "conf:c"));
  const ended: MsmlOperation = { op: "dialogend", id: "conn:a/dialog:moh" };
  assert.deepEqual(kinds(run(control, ended)), ["end-dialog"]);
  assert.equal(control.connection("a")?.dialogs.size, 1);
  control.endDialog("conn:a", "moh");
  assert.equal(run(control, ended).result.response, 430);
});

test("RFC 5707 7.2, 9.8: an event goes to what runs, else 430", () => {
  const control = storeOf("a");
  run(control, play());
  const send = (primitive?: string): MsmlOperation => ({
    op: "send",
    event: "pause",
    target: { root: "conn:a", dialog: "moh", ...(primitive === undefined ? {} : { primitive }) },
    values: [],
  });
  const running = contextOf({ running: () => ({ primitive: "play", runsNow: (target) => target === "play" }) });
  assert.equal(execute(control, [send("play")], running).result.response, 200);
  assert.equal(execute(control, [send()], running).result.response, 200);
  assert.equal(execute(control, [send("record")], running).result.response, 430);
});

test("RFC 5707 8.3: nomedia, the conference goes with its last member and says so; its recorder ends first", () => {
  const control = storeOf("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"), recorder("start"));
  assert.deepEqual(kinds(run(control, unjoin("conn:a", "conf:c"))), ["members b"]);
  const last = run(control, unjoin("conn:*", "conf:c"));
  assert.deepEqual(kinds(last), ["members", "end-recorder", "members", "event"]);
  assert.deepEqual(last.effects.at(-1), { kind: "event", name: "msml.conf.nomedia", id: "conf:c", to: "a" });
  assert.equal(control.conference("c"), undefined);
});

test("RFC 5707 8.3: never, the conference stays without members", () => {
  const control = storeOf("a");
  run(control, create("c", { deleteWhen: "never" }), join("a", "c"), unjoin("conn:a", "conf:c"));
  assert.deepEqual(control.conference("c")?.members, []);
});

test("RFC 5707 8.5, 8.1: destroy with term hangs up who is left, without it they stay; the only mixer takes the conference along", () => {
  for (const [term, audiomix] of [
    [true, undefined],
    [false, undefined],
    [true, {}],
  ] as const) {
    const control = storeOf("a", "b");
    run(control, create("c", { term }), join("a", "c"), join("b", "c"));
    const destroy: MsmlOperation = {
      op: "destroyconference",
      id: "conf:c",
      ...(audiomix === undefined ? {} : { audiomix }),
    };
    assert.deepEqual(kinds(run(control, destroy)), term ? ["members", "hang-up", "hang-up"] : ["members"]);
    assert.equal(control.connection("a")?.links.size, 0);
    assert.equal(control.conference("c"), undefined);
  }
});

test("a dialog that ends leaves its conference, and its dialogs end", () => {
  const control = storeOf("a", "b");
  run(control, create("c"), join("a", "c"), join("b", "c"), play());
  const left = connectionEnded(control, "a", ["c"]);
  assert.deepEqual(kinds(left), ["end-dialog", "members b"]);
  control.apply(left.changes);
  assert.deepEqual(control.conference("c")?.members, ["b"]);
  control.apply(connectionEnded(control, "b", []).changes);
  assert.equal(control.conference("c"), undefined);
});

test("RFC 5707 8.3: nocontrol, the conference and its participants go with the dialog that made it", () => {
  const control = storeOf("a", "b");
  run(control, create("c", { deleteWhen: "nocontrol" }), join("b", "c"));
  const gone = connectionEnded(control, "a", ["c"]);
  control.apply(gone.changes);
  assert.deepEqual(gone.effects.at(-1), { kind: "hang-up", tag: "b", reason: "control dialog ended" });
  assert.equal(control.conference("c"), undefined);
});

test("a conference that nobody ever came to goes with the dialog that made it", () => {
  const control = storeOf("a");
  run(control, create("c"), create("d", { deleteWhen: "never" }));
  control.apply(connectionEnded(control, "a", ["c", "d"]).changes);
  assert.deepEqual([control.conference("c"), control.conference("d")?.name], [undefined, "d"]);
});

test("RFC 5707 10: an audit tells what is asked for, of all that a wildcard means", () => {
  const control = storeOf("a", "b");
  run(
    control,
    create("c", { audiomix: { id: "m", nLoudest: 3, asn: { intervalMs: 5000, thresholdDb: -96 } } }),
    join("a", "c"),
    play(),
  );
  run(control, {
    op: "modifystream",
    id1: "conn:a",
    id2: "conf:c",
    streams: [{ media: "audio", dir: "from-id1", gain: { kind: "fixed", db: -10 } }],
  });
  const context = contextOf({
    now: 60_500,
    running: () => ({ primitive: "play", runsNow: () => true }),
    sipOf: () => ({ sipDialog: { callId: "c1", localTag: "a", remoteTag: "r" }, localSdp: "v=0" }),
  });
  const audit = (query: "conn:*" | "conf:c" | "conn:a", ...states: string[]) =>
    execute(control, [{ op: "audit", query, states } as MsmlOperation], context).result.audits;
  assert.deepEqual(audit("conn:*"), [{ target: "conn:a" }, { target: "conn:b" }]);
  assert.deepEqual(
    audit(
      "conf:c",
      "confconfig",
      "confconfig.audiomix",
      "confconfig.audiomix.asn",
      "confconfig.audiomix.n-loudest",
      "confconfig.controller",
      "stream",
      "stream.gain",
    ),
    [
      {
        target: "conf:c",
        config: {
          deleteWhen: "nomedia",
          term: false,
          audiomix: { id: "m", nLoudest: 3, asn: { intervalMs: 5000, thresholdDb: -96 } },
          controller: "conn:a",
        },
        streams: [
          { joinWith: "conn:a", media: "audio", dir: "to", gain: { kind: "fixed", db: -10 } },
          { joinWith: "conn:a", media: "audio", dir: "from" },
        ],
      },
    ],
  );
  assert.deepEqual(audit("conn:a", "sipdialog", "localsdp", "dialog", "dialog.duration", "dialog.primitive"), [
    {
      target: "conn:a",
      sipDialog: { callId: "c1", localTag: "a", remoteTag: "r" },
      localSdp: "v=0",
      dialogs: [{ name: "moh", duration: 60, primitive: "play" }],
    },
  ]);
  assert.deepEqual(execute(storeOf(), [{ op: "audit", query: "conf:*", states: [] }]).result.audits, undefined);
});
