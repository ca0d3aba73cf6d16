import { longestMatch, type Play } from "@sidetone/msml";
import type { PlayCommand } from "../media/index.ts";
import { type DialogInput, duration, type Outcome, unchanged } from "./state.ts";

/**
 * `<play>` (RFC 5707 9.7.1):
 *
 *   generate <--pause, resume, toggle-state--> suspend
 *      |                                          |
 *      +--terminate, barge--> stopping --stopped--> done
 */
export interface PlayRun {
  readonly kind: "play";
  readonly key: string;
  readonly play: Play;
  /** The event that ends it. */
  readonly ending?: string;
}

const events = ["pause", "resume", "forward", "backward", "restart", "toggle-state", "terminate"] as const;

/** What `play.end` says where everything was played. */
const COMPLETE = "play.complete";
/** What `play.end` says where `maxtime` was over before. */
const MAXTIME = "play.complete.maxtime";

/** Begins it. */
export function beginPlay(key: string, play: Play): Outcome<PlayRun> {
  return { ...unchanged({ kind: "play", key, play } as const), effects: [{ kind: "play", key, play }] };
}

/** One step of it. */
export function stepPlay(run: PlayRun, input: DialogInput): Outcome<PlayRun> {
  const { play } = run;
  switch (input.kind) {
    case "played":
      return done(run, input.ms, run.ending ?? (input.timeout ? MAXTIME : COMPLETE));
    case "stopped":
      return run.ending === undefined ? unchanged(run) : done(run, input.ms, run.ending);
    case "failed":
      return { ...done(run, 0, "play.failed"), failure: input.failure };
    case "key":
      return play.barge && input.phase === "start" ? stop(run, "terminate") : unchanged(run);
    case "end":
      return stop(run, "terminate");
    case "event":
      switch (longestMatch(input.event, events)) {
        case "pause":
          return control(run, { kind: "pause" });
        case "resume":
          return control(run, { kind: "resume" });
        case "toggle-state":
          return control(run, { kind: "toggle" });
        case "restart":
          return control(run, { kind: "restart" });
        case "forward":
          return control(run, { kind: "skip", ms: play.skipMs });
        case "backward":
          return control(run, { kind: "skip", ms: -play.skipMs });
        case "terminate":
          return stop(run, input.event);
        case undefined:
          return unchanged(run);
      }
    case "begin":
    case "recorded":
    case "recording":
    case "timer":
    case "voice":
      return unchanged(run);
  }
}

function control(run: PlayRun, command: PlayCommand): Outcome<PlayRun> {
  if (run.ending !== undefined) return unchanged(run);
  return { ...unchanged(run), effects: [{ kind: "control", key: run.key, command }] };
}

function stop(run: PlayRun, event: string): Outcome<PlayRun> {
  if (run.ending !== undefined) return unchanged(run);
  return { ...unchanged({ ...run, ending: event }), effects: [{ kind: "stop", key: run.key }] };
}

function done(run: PlayRun, ms: number, end: string): Outcome<PlayRun> {
  return {
    run: undefined,
    effects: [],
    values: [
      ["amt", duration(ms)],
      ["end", end],
    ],
    actions: run.play.onExit,
  };
}
