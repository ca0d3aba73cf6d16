import { type DialogRecord, longestMatch, type Play, type ToneGen } from "@sidetone/msml";
import { beginGenerate, type GenerateRun, stepGenerate } from "./generate.ts";
import { beginPlay, type PlayRun, stepPlay } from "./play.ts";
import { type DialogEffect, type DialogInput, duration, type Outcome, unchanged } from "./state.ts";

/**
 * `<record>` (RFC 5707 9.7.4): what is played before it, then
 *
 *   opening --recording--> create <--pause, resume, toggle-state--> suspend
 *                             +--terminate, maxtime, silence, key--> stopping --recorded--> done
 */
export interface RecordRun {
  readonly kind: "record";
  readonly key: string;
  readonly record: DialogRecord;
  readonly phase: "before" | "opening" | "open" | "stopping";
  readonly suspended: boolean;
  /** What is played before it now. */
  readonly before: PlayRun | GenerateRun | undefined;
  /** Which of them. */
  readonly beforeAt: number;
  /** How long was captured until it was last suspended, ms. */
  readonly keptMs: number;
  /** `now` when it last began to capture; undefined while it does not. */
  readonly since: number | undefined;
  /** Speech was heard. */
  readonly heard: boolean;
  /** Why it ends. */
  readonly ending?: string;
}

const events = [
  "pause",
  "resume",
  "toggle-state",
  "terminate",
  "terminate.cancelled",
  "terminate.finalsilence",
  "nospeech",
] as const;

/** Begins it. */
export function beginRecord(key: string, record: DialogRecord, grouped: boolean, now: number): Outcome<RecordRun> {
  const run: RecordRun = {
    kind: "record",
    key,
    record,
    phase: "before",
    // RFC 5707 9.7.4: `initial` means something in a group only; elsewhere nobody would resume it.
    suspended: grouped && record.initial === "suspend",
    before: undefined,
    beforeAt: -1,
    keptMs: 0,
    since: undefined,
    heard: false,
  };
  return nextBefore(run, now);
}

/** One step of it; `now` in ms. */
export function stepRecord(run: RecordRun, input: DialogInput, now: number): Outcome<RecordRun> {
  if (run.phase === "before") return stepBefore(run, input, now);
  switch (input.kind) {
    case "recording":
      return run.phase === "opening" ? opened(run, now) : unchanged(run);
    case "recorded":
      return recorded(run, input, now);
    case "failed":
      return { ...done(run, spent(run, now), "record.failed"), failure: input.failure };
    case "timer":
      return stepTimer(run, input.timer, now);
    case "voice":
      return stepVoice(run, input.speaking);
    case "key":
      if (input.phase !== "start" || input.digit !== run.record.termKey) return unchanged(run);
      return stop(run, "record.complete.termkey", "keep", now);
    case "end":
      return stop(run, "terminate", "keep", now);
    case "event":
      return stepEvent(run, input.event, now);
    case "begin":
    case "played":
    case "stopped":
      return unchanged(run);
  }
}

/** True where the key belongs to this record alone: it is not put into the digit buffer. */
export function takesKey(run: RecordRun, digit: string): boolean {
  return run.phase !== "before" && run.record.termKey === digit;
}

function stepEvent(run: RecordRun, event: string, now: number): Outcome<RecordRun> {
  switch (longestMatch(event, events)) {
    case "pause":
      return suspend(run, true, now);
    case "resume":
      return suspend(run, false, now);
    case "toggle-state":
      return suspend(run, !run.suspended, now);
    case "terminate":
      return stop(run, event, "keep", now);
    case "terminate.cancelled":
      return stop(run, event, "cancel", now);
    case "terminate.finalsilence":
      return stop(run, event, "trim", now);
    case "nospeech":
      return spent(run, now) > 0 ? unchanged(run) : stop(run, event, "keep", now);
    case undefined:
      return unchanged(run);
  }
}

function stepBefore(run: RecordRun, input: DialogInput, now: number): Outcome<RecordRun> {
  const { before } = run;
  const event = input.kind === "end" ? "terminate" : input.kind === "event" ? input.event : undefined;
  const ending =
    event !== undefined && longestMatch(event, ["terminate", "nospeech"]) !== undefined ? { ending: event } : {};
  // What the record itself would do with it: what is played before it is not paused.
  if (before === undefined || (input.kind === "event" && ending.ending === undefined)) return unchanged(run);
  const told: DialogInput = ending.ending === undefined ? input : { kind: "end" };
  const barged = input.kind === "key" && before.kind === "play" && before.play.barge;
  const held: RecordRun = { ...run, ...ending, ...(barged ? { beforeAt: run.record.before.length } : {}) };
  const played = before.kind === "play" ? stepPlay(before, told) : stepGenerate(before, told);
  if (played.run !== undefined) return { ...unchanged({ ...held, before: played.run }), effects: played.effects };
  const after: RecordRun = { ...held, before: undefined };
  const next =
    played.failure !== undefined
      ? { ...done(after, 0, "record.failed"), failure: played.failure }
      : after.ending !== undefined
        ? done(after, 0, after.ending)
        : nextBefore(after, now);
  const primitive: Play | ToneGen | undefined =
    before.kind === "play" ? before.play : before.source.kind === "tonegen" ? before.source : undefined;
  return {
    ...next,
    actions: [...played.actions, ...next.actions],
    ...(primitive === undefined ? {} : { inner: { primitive, values: played.values } }),
  };
}

function nextBefore(run: RecordRun, _now: number): Outcome<RecordRun> {
  const at = run.beforeAt + 1;
  const step = run.record.before[at];
  if (step === undefined) {
    const effect = { kind: "record", key: run.key, record: run.record, suspended: run.suspended } as const;
    return { ...unchanged({ ...run, phase: "opening", beforeAt: at } as const), effects: [effect] };
  }
  const key = `${run.key}/${at}`;
  const begun = step.kind === "play" ? beginPlay(key, step) : beginGenerate(key, step);
  return { ...unchanged({ ...run, before: begun.run, beforeAt: at }), effects: begun.effects };
}

function opened(run: RecordRun, now: number): Outcome<RecordRun> {
  const open: RecordRun = { ...run, phase: "open", since: run.suspended ? undefined : now };
  const { preSpeechMs, postSpeechMs } = run.record;
  const silence: DialogEffect[] =
    run.suspended || run.heard
      ? []
      : preSpeechMs > 0
        ? [{ kind: "timer", timer: `${run.key}:pre`, ms: preSpeechMs }]
        : postSpeechMs > 0
          ? [{ kind: "timer", timer: `${run.key}:post`, ms: postSpeechMs }]
          : [];
  return { ...unchanged(open), effects: [...maxTimer(open), ...silence] };
}

/** RFC 5707 9.7.4: `maxtime` is the length of the recording, which grows only while it captures. */
function maxTimer(run: RecordRun): DialogEffect[] {
  if (run.since === undefined) return [];
  return [{ kind: "timer", timer: `${run.key}:max`, ms: Math.max(1, run.record.maxTimeMs - run.keptMs) }];
}

function suspend(run: RecordRun, suspended: boolean, now: number): Outcome<RecordRun> {
  if (run.suspended === suspended || run.phase === "stopping") return unchanged(run);
  const kind = suspended ? "pause-record" : "resume-record";
  if (run.phase === "opening") {
    // What was asked for stands until it is open; told then.
    return { ...unchanged({ ...run, suspended }), effects: [{ kind, key: run.key }] };
  }
  const next: RecordRun = suspended
    ? { ...run, suspended, keptMs: spent(run, now), since: undefined }
    : { ...run, suspended, since: now };
  const timers: DialogEffect[] = suspended ? cancelAll(run) : maxTimer(next);
  return { ...unchanged(next), effects: [{ kind, key: run.key }, ...timers] };
}

function stepTimer(run: RecordRun, timer: string, now: number): Outcome<RecordRun> {
  switch (timer) {
    case `${run.key}:max`:
      return stop(run, "record.complete.maxlength", "keep", now);
    case `${run.key}:pre`:
      return stop(run, "record.failed.prespeech", "keep", now);
    case `${run.key}:post`:
      return stop(run, "record.complete.postspeech", "keep", now);
    default:
      return unchanged(run);
  }
}

function stepVoice(run: RecordRun, speaking: boolean): Outcome<RecordRun> {
  if (run.phase !== "open" || run.suspended) return unchanged({ ...run, heard: run.heard || speaking });
  const { postSpeechMs } = run.record;
  const pre: DialogEffect = { kind: "cancel", timer: `${run.key}:pre` };
  const post = `${run.key}:post`;
  if (speaking) return { ...unchanged({ ...run, heard: true }), effects: [pre, { kind: "cancel", timer: post }] };
  if (postSpeechMs === 0 || !run.heard) return unchanged(run);
  return { ...unchanged(run), effects: [{ kind: "timer", timer: post, ms: postSpeechMs }] };
}

function stop(run: RecordRun, ending: string, how: "keep" | "cancel" | "trim", now: number): Outcome<RecordRun> {
  if (run.phase === "stopping") return unchanged(run);
  const stopping: RecordRun = { ...run, phase: "stopping", ending, keptMs: spent(run, now), since: undefined };
  return { ...unchanged(stopping), effects: [...cancelAll(run), { kind: "stop-record", key: run.key, how }] };
}

function recorded(
  run: RecordRun,
  { ms, reason }: Extract<DialogInput, { kind: "recorded" }>,
  now: number,
): Outcome<RecordRun> {
  const length = ms ?? spent(run, now);
  const end = run.ending ?? (reason === "maxlength" ? "record.complete.maxlength" : "record.complete");
  return done(run, length, end);
}

function cancelAll(run: RecordRun): DialogEffect[] {
  return ["max", "pre", "post"].map((name) => ({ kind: "cancel", timer: `${run.key}:${name}` }));
}

function spent(run: RecordRun, now: number): number {
  return run.keptMs + (run.since === undefined ? 0 : now - run.since);
}

function done(run: RecordRun, ms: number, end: string): Outcome<RecordRun> {
  const { record } = run;
  return {
    run: undefined,
    effects: cancelAll(run),
    values: [
      ["len", duration(ms)],
      ["end", end],
      ["recordid", record.dest ?? record.audioDest ?? run.key],
    ],
    actions: record.onExit,
  };
}
