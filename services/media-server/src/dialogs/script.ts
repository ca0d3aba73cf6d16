import {
  type DialogAction,
  type DialogRecord,
  type DialogScript,
  type DialogStep,
  type Group,
  type Play,
  type Primitive,
  type ToneGen,
} from "@sidetone/msml";

/** What a script takes while it runs. */
export interface ScriptNeeds {
  /** It is listened for keys. */
  readonly keys: boolean;
  /** It is listened for speech. */
  readonly voice: boolean;
  readonly groups: boolean;
  readonly plays: readonly Play[];
  readonly records: readonly DialogRecord[];
  readonly primitives: readonly Primitive[];
}

const known = new WeakMap<DialogScript, ScriptNeeds>();

/** What is in a script, at any depth. */
export function needsOf(script: DialogScript): ScriptNeeds {
  const before = known.get(script);
  if (before !== undefined) return before;
  const groups: Group[] = [];
  const primitives = script.flatMap((step) => primitivesIn(step, groups));
  const inner = primitives.flatMap(playedFirst);
  const plays = [...primitives, ...inner].filter((one) => one.kind === "play");
  const records = primitives.filter((one) => one.kind === "record");
  const needs: ScriptNeeds = {
    keys:
      primitives.some(({ kind }) => kind === "collect") ||
      plays.some(({ barge }) => barge) ||
      records.some(({ termKey }) => termKey !== undefined),
    voice: records.some(({ preSpeechMs, postSpeechMs }) => preSpeechMs > 0 || postSpeechMs > 0),
    groups: groups.length > 0,
    plays,
    records,
    primitives,
  };
  known.set(script, needs);
  return needs;
}

/** True where the script asks for no result at all. */
export function isPlain(script: DialogScript): boolean {
  return (
    script.every((step) => step.kind === "play" || step.kind === "record" || step.kind === "tonegen") &&
    !hasActions(script)
  );
}

function hasActions(script: DialogScript): boolean {
  return needsOf(script).primitives.some((one) => actionsOf(one).length > 0);
}

/** Everything that a primitive may do with its results. */
export function actionsOf(primitive: Primitive): readonly DialogAction[] {
  if (primitive.kind !== "collect") return primitive.onExit;
  const { patterns, onDetect, onNoInput, onNoMatch, onExit } = primitive;
  return [
    ...patterns.flatMap(({ actions }) => actions),
    ...onDetect,
    ...(onNoInput?.actions ?? []),
    ...(onNoMatch?.actions ?? []),
    ...onExit,
  ];
}

function primitivesIn(step: DialogStep, groups: Group[]): Primitive[] {
  if (step.kind === "send" || step.kind === "exit" || step.kind === "disconnect") return [];
  if (step.kind !== "group") return [step];
  groups.push(step);
  return step.members.flatMap((member) => primitivesIn(member, groups));
}

function playedFirst(primitive: Primitive): (Play | ToneGen)[] {
  if (primitive.kind === "collect") return primitive.play === undefined ? [] : [primitive.play];
  return primitive.kind === "record" ? [...primitive.before] : [];
}
