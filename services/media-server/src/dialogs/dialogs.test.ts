import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Collect,
  type DialogAction,
  type DialogRecord,
  type DialogScript,
  type Group,
  type Pattern,
  playOf,
  type ToneGen,
} from "@sidetone/msml";
import { type DialogEffect, type DialogInput, type DialogState, newDialog, runsNow, stepDialog } from "./index.ts";

const send = (event: string, target = "source", ...names: string[]): DialogAction => ({
  kind: "send",
  event,
  target,
  names,
});
const play = (more: Parameters<typeof playOf>[1] = {}) => playOf(["file:///a.wav"], more);
const pattern = (digits: string, actions: readonly DialogAction[] = [], iterate = 1): Pattern => ({
  digits,
  format: "moml+digits",
  iterate,
  actions,
});
const collect = (more: Partial<Collect> = {}): Collect => ({
  kind: "collect",
  clearDigits: true,
  firstDigitMs: 0,
  interDigitMs: 4000,
  extraDigitMs: 4000,
  startTimer: false,
  iterate: 1,
  longDigitMs: 0,
  patterns: [pattern("xxxx#")],
  onDetect: [],
  onExit: [],
  ...more,
});
const record = (more: Partial<DialogRecord> = {}): DialogRecord => ({
  kind: "record",
  dest: "sip:recorder@127.0.0.1",
  append: false,
  format: { fileType: "wav", codecs: ["mulaw"] },
  initial: "create",
  maxTimeMs: 60_000,
  preSpeechMs: 0,
  postSpeechMs: 0,
  before: [],
  onExit: [],
  ...more,
});
const group = (members: Group["members"], onExit: readonly DialogAction[] = []): Group => ({
  kind: "group",
  topology: "parallel",
  members,
  onExit,
});
const tone: ToneGen = { kind: "tonegen", parts: [{ kind: "silence", durationMs: 20 }], iterate: 1, onExit: [] };

/** A dialog that is stepped by hand; what it does is written down in short words. */
class Scene {
  state: DialogState;
  now = 0;
  readonly log: string[] = [];
  readonly timers = new Map<string, number>();

  constructor(...script: DialogScript) {
    this.state = newDialog(script);
    this.give({ kind: "begin" });
  }

  /** What came of it. */
  give(input: DialogInput): string[] {
    const before = structuredClone(this.state);
    const step = stepDialog(this.state, input, this.now);
    assert.deepEqual(structuredClone(this.state), before, "the state that was given stays as it is");
    this.state = step.state;
    const words = step.effects.map((effect) => this.#word(effect)).filter((word) => word !== "");
    this.log.push(...words);
    return words;
  }

  keys(digits: string): string[] {
    return Array.from(digits).flatMap((digit) => [
      ...this.give({ kind: "key", digit, phase: "start", ms: 0 }),
      ...this.give({ kind: "key", digit, phase: "end", ms: 100 }),
    ]);
  }

  event(event: string, target?: string): string[] {
    return this.give({ kind: "event", event, ...(target === undefined ? {} : { target }) });
  }

  played(key: string, ms = 1000): string[] {
    return this.give({ kind: "played", key, ms, timeout: false });
  }

  /** The timer that ends first fires. */
  wait(): string[] {
    const [first] = Array.from(this.timers).toSorted((a, b) => a[1] - b[1]);
    assert.ok(first !== undefined, "a timer runs");
    this.now = Math.max(this.now, first[1]);
    this.timers.delete(first[0]);
    return this.give({ kind: "timer", timer: first[0] });
  }

  #word(effect: DialogEffect): string {
    const pairs = (values: readonly (readonly [string, string])[]): string =>
      values.map(([name, value]) => ` ${name}=${value}`).join("");
    switch (effect.kind) {
      case "timer":
        this.timers.set(effect.timer, this.now + effect.ms);
        return "";
      case "cancel":
        this.timers.delete(effect.timer);
        return "";
      case "tell":
        return `${effect.name}${pairs(effect.values)}`;
      case "over": {
        const failure = effect.failure === undefined ? "" : ` ${effect.failure.response}`;
        return `over${failure}${pairs(effect.values)}${effect.disconnect ? " disconnect" : ""}`;
      }
      case "control":
        return `${effect.command.kind} ${effect.key}${effect.command.kind === "skip" ? ` ${effect.command.ms}` : ""}`;
      case "listen":
        return effect.to.keys ? "listen keys" : effect.to.voice ? "listen voice" : "";
      case "record":
        return `record ${effect.key}${effect.suspended ? " suspended" : ""}`;
      case "stop-record":
        return `stop-record ${effect.key} ${effect.how}`;
      case "digits":
      case "pause-record":
      case "play":
      case "resume-record":
      case "stop":
      case "tone":
        return `${effect.kind} ${effect.key}`;
    }
  }
}

test("RFC 5707 9.2: steps run one after another, a send between them says what has been", () => {
  const scene = new Scene(play(), send("half", "source", "play.amt", "play.end", "record.len"), tone);
  assert.deepEqual(scene.log, ["play 0"]);
  assert.deepEqual(scene.played("0", 1500), [
    "half play.amt=1500ms play.end=play.complete record.len=undefined",
    "tone 2",
  ]);
  assert.deepEqual(scene.played("2"), ["over"]);
});

test("a dialog that asks for no result gives the one it has with its exit", () => {
  assert.deepEqual(new Scene(play()).played("0"), ["over play.amt=1000ms play.end=play.complete"]);
});

test("RFC 5707 9.6.4, 9.6.5: exit and disconnect tell the values they name, and end the dialog", () => {
  const exit = new Scene(play(), { kind: "exit", names: ["play.end"] }, play());
  assert.deepEqual(exit.played("0"), ["moml.exit play.end=play.complete", "over play.end=play.complete"]);
  const gone = new Scene(play({ onExit: [{ kind: "disconnect", names: [] }] }), play());
  assert.deepEqual(gone.played("0"), ["moml.disconnect", "over disconnect"]);
});

test("RFC 5707 9.6.2: dialogend stops what runs, its exit is told, what would make media is passed over", () => {
  const scene = new Scene(play({ onExit: [send("stopped", "source", "play.end")] }), play(), {
    kind: "exit",
    names: ["play.amt"],
  });
  assert.deepEqual(scene.give({ kind: "end" }), ["stop 0"]);
  assert.deepEqual(scene.give({ kind: "end" }), []);
  assert.deepEqual(scene.give({ kind: "stopped", key: "0", ms: 300 }), [
    "stopped play.end=terminate",
    "moml.exit play.amt=300ms",
    "over play.amt=300ms",
  ]);
  assert.deepEqual(scene.give({ kind: "begin" }), []);
});

test("RFC 5707 9.7.1: the events of a play; names match by their longest known beginning", () => {
  const scene = new Scene(play({ skipMs: 2000, onExit: [send("done", "source", "play.end")] }));
  assert.deepEqual(scene.event("pause.by.hand", "play"), ["pause 0"]);
  assert.deepEqual(scene.event("resume", "play"), ["resume 0"]);
  assert.deepEqual(scene.event("toggle-state"), ["toggle 0"]);
  assert.deepEqual(scene.event("forward", "play"), ["skip 0 2000"]);
  assert.deepEqual(scene.event("backward", "play"), ["skip 0 -2000"]);
  assert.deepEqual(scene.event("restart", "play"), ["restart 0"]);
  assert.deepEqual(scene.event("pausenot", "play"), []);
  assert.deepEqual(scene.event("pause", "record"), []);
  assert.deepEqual(scene.event("terminate.frowning", "play"), ["stop 0"]);
  // It came to its end before it was stopped.
  assert.deepEqual(scene.played("0"), ["done play.end=terminate.frowning", "over"]);
});

test("RFC 5707 9.7.1: maxtime ends a play", () => {
  const scene = new Scene(play());
  assert.deepEqual(scene.give({ kind: "played", key: "0", ms: 500, timeout: true }), [
    "over play.amt=500ms play.end=play.complete.maxtime",
  ]);
});

test("a play that cannot be played: the dialog fails with the code", () => {
  const scene = new Scene(play({ onExit: [send("done")] }), play());
  const failed = scene.give({ kind: "failed", key: "0", failure: { response: 423 } });
  assert.deepEqual(failed, ["done", "over 423"]);
});

test("RFC 5707 13.5: play and collect; the key that interrupts is the first digit", () => {
  const scene = new Scene(
    collect({
      play: play({ barge: true }),
      patterns: [pattern("xxxx#", [send("done", "source", "dtmf.digits", "dtmf.len", "dtmf.last", "dtmf.end")])],
    }),
  );
  assert.deepEqual(scene.log, ["play 0/", "listen keys"]);
  assert.deepEqual(scene.keys("1"), ["stop 0/"]);
  assert.deepEqual(scene.give({ kind: "stopped", key: "0/", ms: 800 }), []);
  assert.deepEqual(scene.keys("234"), []);
  assert.deepEqual(scene.keys("#"), ["done dtmf.digits=1234# dtmf.len=5 dtmf.last=# dtmf.end=dtmf.match", "over"]);
});

test("RFC 5707 9.7.5: fdt, noinput; idt, nomatch; each as often as it may", () => {
  const scene = new Scene(
    collect({
      firstDigitMs: 10_000,
      onNoInput: { iterate: 2, actions: [send("silence")] },
      onNoMatch: { iterate: 2, actions: [send("wrong", "source", "dtmf.end")] },
      onExit: [send("end", "source", "dtmf.end", "dtmf.digits")],
    }),
  );
  assert.deepEqual(scene.wait(), ["silence"]);
  assert.equal(scene.now, 10_000);
  scene.keys("12");
  scene.now = 12_000;
  scene.keys("3");
  assert.deepEqual(scene.wait(), ["wrong dtmf.end=undefined"]);
  assert.equal(scene.now, 16_000, "idt counts from the last digit");
  assert.deepEqual(scene.keys("#"), ["wrong dtmf.end=dtmf.nomatch", "end dtmf.end=dtmf.nomatch dtmf.digits=#", "over"]);
});

test("RFC 5707 9.7.5: the first digit's timer of a group waits for starttimer", () => {
  const scene = new Scene(group([collect({ firstDigitMs: 5000, onNoInput: { iterate: 1, actions: [] } })]));
  assert.equal(scene.timers.size, 0);
  scene.event("starttimer", "dtmf");
  assert.deepEqual(scene.wait(), ["over"]);
});

test("RFC 5707 9.7.5: edt, what matches waits for a return key and matches without one", () => {
  const patterns = [pattern("min=2;max=4;rtk=#", [send("got", "source", "dtmf.digits")])];
  const scene = new Scene(collect({ patterns, extraDigitMs: 1000 }));
  scene.keys("12");
  assert.deepEqual(scene.wait(), ["got dtmf.digits=12", "over"]);
  assert.equal(scene.now, 1000);
  assert.deepEqual(new Scene(collect({ patterns })).keys("123#"), ["got dtmf.digits=123#", "over"]);
});

test("RFC 5707 9.7.5: several patterns at once; one that is a beginning of another does not end it", () => {
  const scene = new Scene(
    collect({
      patterns: [pattern("1", [send("barge")], -1), pattern("12#", [send("whole", "source", "dtmf.digits")])],
    }),
  );
  assert.deepEqual(scene.keys("1"), ["barge"]);
  assert.deepEqual(scene.keys("2"), []);
  assert.deepEqual(scene.keys("#"), ["whole dtmf.digits=12#", "over"]);
});

test("RFC 5707 9.7.5: long digits are digits of their own", () => {
  const scene = new Scene(
    collect({ longDigitMs: 500, patterns: [pattern("#L", [send("long")]), pattern("#", [send("short")])] }),
  );
  scene.give({ kind: "key", digit: "#", phase: "start", ms: 0 });
  assert.deepEqual(scene.give({ kind: "key", digit: "#", phase: "end", ms: 700 }), ["long", "over"]);
});

test("RFC 5707 9.7.1: what was typed before waits in the digit buffer, unless it is cleared", () => {
  for (const [clearDigits, expected] of [
    [false, ["got dtmf.digits=12", "over"]],
    [true, []],
  ] as const) {
    const scene = new Scene(
      play(),
      collect({ clearDigits, patterns: [pattern("12", [send("got", "source", "dtmf.digits")])] }),
    );
    scene.keys("12");
    assert.deepEqual(scene.played("0"), expected, String(clearDigits));
  }
});

test("RFC 5707 9.7.4: record, its tone first, then until maxtime; a pause does not count", () => {
  const scene = new Scene(
    record({ before: [tone], onExit: [send("done", "source", "record.len", "record.end", "record.recordid")] }),
  );
  assert.deepEqual(scene.log, ["tone 0/0"]);
  assert.deepEqual(scene.played("0/0"), ["record 0"]);
  scene.give({ kind: "recording", key: "0" });
  scene.now = 20_000;
  assert.deepEqual(scene.event("pause", "record"), ["pause-record 0"]);
  assert.equal(scene.timers.size, 0);
  scene.now = 50_000;
  assert.deepEqual(scene.event("toggle-state", "record"), ["resume-record 0"]);
  assert.deepEqual(scene.event("resume", "record"), [], "it has no effect otherwise");
  assert.deepEqual(scene.wait(), ["stop-record 0 keep"]);
  assert.equal(scene.now, 90_000);
  assert.deepEqual(scene.give({ kind: "recorded", key: "0", ms: undefined, reason: "stopped" }), [
    "done record.len=60000ms record.end=record.complete.maxlength record.recordid=sip:recorder@127.0.0.1",
    "over",
  ]);
});

test("RFC 5707 9.7.4: the kinds of terminate, the longest known beginning", () => {
  for (const [event, effect] of [
    ["terminate", "keep"],
    ["terminate.termkey", "keep"],
    ["terminate.cancelled", "cancel"],
    ["terminate.cancelled.twice", "cancel"],
    ["terminate.finalsilence", "trim"],
  ] as const) {
    const scene = new Scene(record());
    scene.give({ kind: "recording", key: "0" });
    scene.now = 700;
    assert.deepEqual(scene.event(event, "record"), [`stop-record 0 ${effect}`]);
    assert.deepEqual(scene.give({ kind: "recorded", key: "0", ms: 640, reason: "stopped" }), [
      `over record.len=640ms record.end=${event} record.recordid=sip:recorder@127.0.0.1`,
    ]);
  }
});

test("RFC 5707 9.7.4: nospeech ends a record that has nothing, and no other", () => {
  const empty = new Scene(group([record({ initial: "suspend" })]));
  assert.deepEqual(empty.log, ["record 0.0 suspended"]);
  empty.give({ kind: "recording", key: "0.0" });
  assert.deepEqual(empty.event("nospeech", "record"), ["stop-record 0.0 keep"]);
  const full = new Scene(record());
  full.give({ kind: "recording", key: "0" });
  full.now = 100;
  assert.deepEqual(full.event("nospeech", "record"), []);
});

test("RFC 5707 9.7.4: prespeech, postspeech, termkey", () => {
  const pre = new Scene(record({ preSpeechMs: 3000 }));
  pre.give({ kind: "recording", key: "0" });
  assert.equal(pre.log.includes("listen voice"), true);
  assert.deepEqual(pre.wait(), ["stop-record 0 keep"]);
  assert.match(
    pre.give({ kind: "recorded", key: "0", ms: 3000, reason: "stopped" }).join(),
    /record\.failed\.prespeech/,
  );

  const post = new Scene(record({ preSpeechMs: 3000, postSpeechMs: 2000 }));
  post.give({ kind: "recording", key: "0" });
  post.now = 1000;
  post.give({ kind: "voice", speaking: true });
  post.now = 5000;
  post.give({ kind: "voice", speaking: false });
  assert.deepEqual(post.wait(), ["stop-record 0 keep"]);
  assert.equal(post.now, 7000);
  assert.match(post.give({ kind: "recorded", key: "0", ms: 7000, reason: "stopped" }).join(), /complete\.postspeech/);

  const key = new Scene(record({ termKey: "#" }), collect({ clearDigits: false, patterns: [pattern("5")] }));
  key.give({ kind: "recording", key: "0" });
  assert.deepEqual(key.keys("4"), []);
  assert.deepEqual(key.keys("#"), ["stop-record 0 keep"]);
  assert.deepEqual(key.state.typed, ["4"], "it is not entered in the digit buffer");
  key.give({ kind: "recorded", key: "0", ms: 1, reason: "stopped" });
  assert.match(key.state.values.get("record.end") ?? "", /termkey/);
});

test("RFC 5707 13.3: a prompt of a record that is interrupted; then the recording begins", () => {
  const scene = new Scene(record({ before: [play({ barge: true }), tone] }));
  assert.deepEqual(scene.keys("5"), ["stop 0/0"]);
  assert.deepEqual(scene.give({ kind: "stopped", key: "0/0", ms: 10 }), ["record 0"]);
});

test("RFC 5707 9.8: members begin together, send each other events, and end the group together", () => {
  const scene = new Scene(
    group(
      [
        play({ onExit: [send("starttimer", "dtmf")] }),
        collect({
          firstDigitMs: 10_000,
          onDetect: [send("terminate", "play")],
          onNoInput: { iterate: 1, actions: [send("terminate", "group")] },
          patterns: [pattern("1#", [send("terminate", "group")])],
        }),
        record({ initial: "suspend" }),
      ],
      [send("done", "source", "dtmf.digits", "dtmf.end", "record.end")],
    ),
  );
  assert.deepEqual(scene.log, ["play 0.0", "record 0.2 suspended", "listen keys"]);
  scene.give({ kind: "recording", key: "0.2" });
  assert.deepEqual(scene.keys("1"), ["stop 0.0"]);
  assert.deepEqual(scene.give({ kind: "stopped", key: "0.0", ms: 200 }), []);
  assert.deepEqual(scene.keys("#"), ["stop-record 0.2 keep"]);
  assert.deepEqual(scene.give({ kind: "recorded", key: "0.2", ms: 0, reason: "stopped" }), [
    "done dtmf.digits=1# dtmf.end=dtmf.match record.end=terminate",
    "over",
  ]);
});

test("RFC 5707 9.8: nested groups; `group` is the innermost around who sends", () => {
  const inner = group([play({ id: "in", onExit: [send("terminate", "group")] }), record({ initial: "suspend" })]);
  const scene = new Scene(group([inner, play({ id: "out" })], [send("all")]));
  scene.give({ kind: "recording", key: "0.0.1" });
  assert.deepEqual(scene.played("0.0.0"), ["stop-record 0.0.1 keep"]);
  assert.deepEqual(scene.give({ kind: "recorded", key: "0.0.1", ms: 0, reason: "stopped" }), []);
  assert.equal(runsNow(scene.state, "play.out"), true);
  assert.equal(runsNow(scene.state, "play.in"), false);
  assert.deepEqual(scene.event("terminate", "group"), ["stop 0.1"]);
  assert.deepEqual(scene.give({ kind: "stopped", key: "0.1", ms: 0 }), ["all", "over"]);
});

test("RFC 5707 9.6.3: a target that is nothing of the dialog is its environment", () => {
  const scene = new Scene(play({ onExit: [send("a", "source.x"), send("b", "elsewhere"), send("c", "record")] }));
  assert.deepEqual(scene.played("0"), ["a", "b", "over"]);
});

test("one of a group fails: the others are ended, the dialog fails", () => {
  const scene = new Scene(group([play(), record()], [send("out")]));
  scene.give({ kind: "recording", key: "0.1" });
  assert.deepEqual(scene.give({ kind: "failed", key: "0.0", failure: { response: 423 } }), ["stop-record 0.1 keep"]);
  assert.deepEqual(scene.give({ kind: "recorded", key: "0.1", ms: 5, reason: "stopped" }), ["out", "over 423"]);
});

test("exit inside a group halts the others", () => {
  const scene = new Scene(group([play({ onExit: [{ kind: "exit", names: [] }] }), record(), collect()]));
  scene.give({ kind: "recording", key: "0.1" });
  assert.deepEqual(scene.played("0.0"), ["moml.exit", "stop-record 0.1 keep", "over"]);
});
