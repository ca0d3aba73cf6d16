import {
  type Collect,
  type DialogAction,
  type DigitMatcher,
  digitMatcher,
  FOREVER,
  longestMatch,
  type Pattern,
} from "@sidetone/msml";
import { beginPlay, type PlayRun, stepPlay } from "./play.ts";
import { type DialogEffect, type DialogInput, type Outcome, unchanged } from "./state.ts";

/** How often a pattern may still match. */
interface Watched {
  readonly left: number;
  /** It has matched what was typed so far; more of it is no second match. */
  readonly matched: boolean;
}

/**
 * `<collect>`, `<dtmf>` (RFC 5707 9.7.5): its `<play>` first, then keys are compared with all patterns at once.
 *
 *   playing --played, barge--> first digit --key--> digits --match--> done, or first digit again
 *                                 | fdt: noinput         | idt, none can match: nomatch
 */
export interface CollectRun {
  readonly kind: "collect";
  readonly key: string;
  readonly collect: Collect;
  /** In a group: its first digit's timer waits for `starttimer` where the client did not ask for it. */
  readonly grouped: boolean;
  readonly prompt: PlayRun | undefined;
  readonly digits: readonly string[];
  /** In the order of `collect.patterns`. */
  readonly watched: readonly Watched[];
  readonly noInputLeft: number;
  readonly noMatchLeft: number;
  readonly detected: boolean;
  readonly timing: "none" | "fdt" | "idt" | "edt";
  /** `terminate` came while its prompt was played. */
  readonly ending?: string;
}

/** Begins it. `typed`: the digit buffer. */
export function beginCollect(
  key: string,
  collect: Collect,
  typed: readonly string[],
  grouped: boolean,
): Outcome<CollectRun> {
  const watched = collect.patterns.map(({ iterate }): Watched => ({ left: iterate, matched: false }));
  const kept = collect.clearDigits ? [] : typed;
  const run: CollectRun = {
    kind: "collect",
    key,
    collect,
    grouped,
    prompt: undefined,
    digits: kept,
    watched,
    noInputLeft: collect.onNoInput?.iterate ?? collect.iterate,
    noMatchLeft: collect.onNoMatch?.iterate ?? collect.iterate,
    detected: false,
    timing: "none",
  };
  if (collect.play === undefined) return listen(run);
  const prompt = beginPlay(`${key}/`, collect.play);
  return { ...unchanged({ ...run, prompt: prompt.run }), effects: prompt.effects };
}

/** One step of it. */
export function stepCollect(run: CollectRun, input: DialogInput): Outcome<CollectRun> {
  if (run.prompt !== undefined) return stepPrompt(run, run.prompt, input);
  switch (input.kind) {
    case "key":
      return stepKey(run, input);
    case "timer":
      return stepTimer(run, input.timer);
    case "end":
      return done(run, "terminate", []);
    case "event":
      switch (longestMatch(input.event, ["starttimer", "terminate"])) {
        case "terminate":
          return done(run, input.event, []);
        case "starttimer":
          return run.timing === "none" && run.digits.length === 0 ? timed(run, "fdt") : unchanged(run);
        case undefined:
          return unchanged(run);
      }
    case "begin":
    case "failed":
    case "played":
    case "recorded":
    case "recording":
    case "stopped":
    case "voice":
      return unchanged(run);
  }
}

/** The keys of a prompt that may be interrupted are collected; others are what the digit buffer is for. */
function stepPrompt(run: CollectRun, prompt: PlayRun, input: DialogInput): Outcome<CollectRun> {
  if (input.kind === "key") {
    if (input.phase !== phaseOf(run)) return forward(run, prompt, input);
    const digit = digitOf(run, input.digit, input.ms);
    const wanted = prompt.play.barge || !run.collect.clearDigits;
    return forward(wanted ? { ...run, digits: [...run.digits, digit] } : run, prompt, input);
  }
  if (input.kind === "end") return forward({ ...run, ending: "terminate" }, prompt, input);
  if (input.kind === "event" && longestMatch(input.event, ["terminate"]) !== undefined) {
    return forward({ ...run, ending: input.event }, prompt, input);
  }
  return forward(run, prompt, input);
}

function forward(run: CollectRun, prompt: PlayRun, input: DialogInput): Outcome<CollectRun> {
  const played = stepPlay(prompt, input);
  if (played.run !== undefined) return { ...unchanged({ ...run, prompt: played.run }), effects: played.effects };
  const after: CollectRun = { ...run, prompt: undefined };
  const next =
    played.failure !== undefined
      ? { ...done(after, "dtmf.failed", []), failure: played.failure }
      : run.ending !== undefined
        ? done(after, run.ending, [])
        : listen(after);
  return {
    ...next,
    actions: [...played.actions, ...next.actions],
    inner: { primitive: prompt.play, values: played.values },
  };
}

/** The prompt is over, or there was none: what is typed already counts. */
function listen(run: CollectRun): Outcome<CollectRun> {
  if (run.digits.length > 0) return detect(run);
  return !run.grouped || run.collect.startTimer || run.collect.play !== undefined ? timed(run, "fdt") : unchanged(run);
}

function phaseOf(run: CollectRun): "start" | "end" {
  return run.collect.longDigitMs > 0 ? "end" : "start";
}

function digitOf(run: CollectRun, digit: string, ms: number): string {
  const { longDigitMs } = run.collect;
  return longDigitMs > 0 && ms >= longDigitMs ? `${digit}L` : digit;
}

function stepKey(run: CollectRun, input: Extract<DialogInput, { kind: "key" }>): Outcome<CollectRun> {
  if (input.phase !== phaseOf(run)) return unchanged(run);
  return detect({ ...run, digits: [...run.digits, digitOf(run, input.digit, input.ms)] });
}

/** RFC 5707 9.7.5.3: `<detect>`, once, before anything else. */
function detect(run: CollectRun): Outcome<CollectRun> {
  const judged = judge({ ...run, detected: true }, false);
  return run.detected ? judged : { ...judged, actions: [...run.collect.onDetect, ...judged.actions] };
}

function stepTimer(run: CollectRun, timer: string): Outcome<CollectRun> {
  if (timer !== timerOf(run, run.timing)) return unchanged(run);
  const waited: CollectRun = { ...run, timing: "none" };
  if (run.timing !== "fdt") return judge(waited, true);
  const { onNoInput } = run.collect;
  const actions = onNoInput?.actions ?? [];
  const left = less(run.noInputLeft);
  if (left === 0) return done({ ...waited, noInputLeft: left }, "dtmf.noinput", actions, true);
  return withActions(actions, timed({ ...waited, noInputLeft: left }, "fdt"));
}

/** Compares what was typed. `silence`: no more came in time. */
function judge(run: CollectRun, silence: boolean): Outcome<CollectRun> {
  const verdicts = run.watched.map(({ matched }, index) => {
    const verdict = verdictOf(run.collect.patterns[index], run.digits, silence);
    // It has had its match with fewer of these.
    return matched && verdict === "match" ? "none" : verdict;
  });
  const hit = verdicts.indexOf("match");
  const waits = verdicts.some((verdict) => verdict === "partial" || verdict === "open");
  if (hit >= 0) return matched(run, hit, waits && !silence);
  if (waits && !silence) return timed(run, verdicts.includes("open") ? "edt" : "idt");
  // Patterns that matched a beginning of it: it was a use of them.
  if (run.watched.some((one) => one.matched)) return again(run);
  const actions = run.collect.onNoMatch?.actions ?? [];
  const left = less(run.noMatchLeft);
  if (left === 0) return done({ ...run, noMatchLeft: left }, "dtmf.nomatch", actions, true);
  return withActions(actions, again({ ...run, noMatchLeft: left }));
}

function matched(run: CollectRun, index: number, waits: boolean): Outcome<CollectRun> {
  const actions = run.collect.patterns[index]?.actions ?? [];
  let left = 0;
  const watched = run.watched.map((one, at) => {
    if (at !== index) return one;
    left = less(one.left);
    return { ...one, left, matched: true };
  });
  const counted: CollectRun = { ...run, watched };
  if (left === 0) return done(counted, "dtmf.match", actions, true);
  return withActions(actions, waits ? timed(counted, "idt") : again(counted));
}

/** `open`: a match, which further keys may belong to. */
function verdictOf(
  pattern: Pattern | undefined,
  digits: readonly string[],
  silence: boolean,
): "none" | "partial" | "open" | "match" {
  const matcher = pattern === undefined ? undefined : matcherOf(pattern);
  if (matcher === undefined) return "none";
  let state = matcher.start;
  let last: ReturnType<DigitMatcher["feed"]> = { verdict: "maybe", more: true, state };
  for (const digit of digits) {
    last = matcher.feed(state, digit);
    state = last.state;
  }
  if (silence) return matcher.timeout(state).verdict === "match" ? "match" : "none";
  if (last.verdict === "no") return "none";
  return last.verdict === "maybe" ? "partial" : last.more ? "open" : "match";
}

const matchers = new WeakMap<Pattern, DigitMatcher>();

/** What does not compile was refused by the reader. */
function matcherOf(pattern: Pattern): DigitMatcher | undefined {
  const known = matchers.get(pattern);
  if (known !== undefined) return known;
  const made = digitMatcher(pattern.digits, pattern.format);
  if (made.ok) matchers.set(pattern, made.value);
  return made.ok ? made.value : undefined;
}

/** From the first digit again. */
function again(run: CollectRun): Outcome<CollectRun> {
  const cancel = cancelled(run);
  const watched = run.watched.map((one) => ({ ...one, matched: false }));
  return { ...unchanged({ ...run, digits: [], watched, timing: "none" }), effects: cancel };
}

function timed(run: CollectRun, timing: "fdt" | "idt" | "edt"): Outcome<CollectRun> {
  const { firstDigitMs, interDigitMs, extraDigitMs } = run.collect;
  const ms = timing === "fdt" ? firstDigitMs : timing === "idt" ? interDigitMs : extraDigitMs;
  const effects = cancelled(run);
  if (ms === 0) return { ...unchanged({ ...run, timing: "none" }), effects };
  const timer = timerOf(run, timing);
  return { ...unchanged({ ...run, timing }), effects: [...effects, { kind: "timer", timer, ms }] };
}

function cancelled(run: CollectRun): DialogEffect[] {
  return run.timing === "none" ? [] : [{ kind: "cancel", timer: timerOf(run, run.timing) }];
}

function timerOf(run: CollectRun, timing: CollectRun["timing"]): string {
  return `${run.key}:${timing}`;
}

function withActions(actions: readonly DialogAction[], outcome: Outcome<CollectRun>): Outcome<CollectRun> {
  return { ...outcome, actions: [...actions, ...outcome.actions] };
}

function less(left: number): number {
  return left === FOREVER ? FOREVER : left - 1;
}

/** RFC 5707 9.7.5.6: `<dtmfexit>` where a maximum was reached, not where it was told to end. */
function done(run: CollectRun, end: string, actions: readonly DialogAction[], byItself = false): Outcome<CollectRun> {
  const { digits, collect } = run;
  return {
    run: undefined,
    effects: cancelled(run),
    values: [
      ["digits", digits.join("")],
      ["len", String(digits.length)],
      ["last", digits.at(-1) ?? ""],
      ["end", end],
    ],
    actions: byItself ? [...actions, ...collect.onExit] : actions,
  };
}
