import { type DtmfGen, longestMatch, type ToneGen } from "@sidetone/msml";
import { type DialogInput, type Outcome, unchanged } from "./state.ts";

/** `<tonegen>` or `<dtmfgen>` (RFC 5707 9.7.2, 9.7.3): runs until it is done, or a `terminate` has stopped it. */
export interface GenerateRun {
  readonly kind: "generate";
  readonly key: string;
  readonly source: ToneGen | DtmfGen;
  /** The event that ends it. */
  readonly ending?: string;
}

/** Begins it. */
export function beginGenerate(key: string, source: ToneGen | DtmfGen): Outcome<GenerateRun> {
  const effect =
    source.kind === "tonegen"
      ? ({ kind: "tone", key, tone: source } as const)
      : ({ kind: "digits", key, digits: source } as const);
  return { ...unchanged({ kind: "generate", key, source } as const), effects: [effect] };
}

/** One step of it. */
export function stepGenerate(run: GenerateRun, input: DialogInput): Outcome<GenerateRun> {
  switch (input.kind) {
    case "played":
      return done(run, run.ending ?? `${run.source.kind}.complete`);
    case "stopped":
      return run.ending === undefined ? unchanged(run) : done(run, run.ending);
    case "failed":
      return { ...done(run, `${run.source.kind}.failed`), failure: input.failure };
    case "end":
      return stop(run, "terminate");
    case "event":
      return longestMatch(input.event, ["terminate"]) === undefined ? unchanged(run) : stop(run, input.event);
    case "begin":
    case "key":
    case "recorded":
    case "recording":
    case "timer":
    case "voice":
      return unchanged(run);
  }
}

function stop(run: GenerateRun, event: string): Outcome<GenerateRun> {
  if (run.ending !== undefined) return unchanged(run);
  return { ...unchanged({ ...run, ending: event }), effects: [{ kind: "stop", key: run.key }] };
}

function done(run: GenerateRun, end: string): Outcome<GenerateRun> {
  return { run: undefined, effects: [], values: [["end", end]], actions: run.source.onExit };
}
