import { answeredParties, type Call, nextPartyId, type Party, presentParties } from "../call.ts";
import type { CallInput } from "../machine.ts";
import type { MergeKind } from "../merge.ts";
import { changedByClient } from "../user-data.ts";
import { freeActor, phoneOf, phonesIn, pointOf, type World } from "./world.ts";

/** Something that happens in a world. */
export type Action =
  | { readonly kind: "input"; readonly line: 0 | 1; readonly input: CallInput }
  /** A phone of the first call makes a second one (consultation, or a call of its own), or is called. */
  | { readonly kind: "begin"; readonly how: "consult" | "calls" | "called"; readonly party: string }
  /** `line` is the call that survives. */
  | {
      readonly kind: "merge";
      readonly line: 0 | 1;
      readonly how: MergeKind;
      readonly party: string;
      readonly consultParty: string;
    };

/** How much of a world is explored. */
export interface Bounds {
  /** Phones in both calls together. */
  readonly phones: number;
  readonly second: boolean;
  readonly routing: boolean;
  readonly recording: boolean;
}

/** Why a party leaves. */
const causes = ["released", "busy", "no-answer", "unknown-number"];

/** Every input in this state, those that it does not allow too: repeated, too early, too late, for nobody. */
export function actionsOf(world: World, bounds: Bounds): readonly Action[] {
  const actions: Action[] = [];
  for (const line of [0, 1] as const) {
    const call = world.lines[line]?.call;
    if (call === undefined) continue;
    for (const input of inputsOf(world, call, line, bounds)) actions.push({ kind: "input", line, input });
  }
  return bounds.second ? [...actions, ...begins(world, bounds), ...merges(world)] : actions;
}

function inputsOf(world: World, call: Call, line: 0 | 1, bounds: Bounds): CallInput[] {
  const present = presentParties(call);
  const gone = call.parties.findLast(({ state }) => state === "released");
  const ids = [...present.map(({ id }) => id), ...(gone === undefined ? [] : [gone.id]), "nobody"];
  return [
    ...comings(world, call, line, bounds),
    ...ids.flatMap((party) => inputsOfParty(world, call, party, bounds)),
    ...dataInputs(call),
    ...(bounds.recording ? recordingInputs() : []),
  ];
}

/** Parties that come. A call that nobody is in gets its caller, then whom it calls; an answered one whoever is brought in. */
function comings(world: World, call: Call, line: 0 | 1, bounds: Bounds): CallInput[] {
  const id = nextPartyId(call);
  const actor = phonesIn(world) < bounds.phones ? freeActor(world) : undefined;
  const repeated = call.parties.slice(0, 1).map((party): CallInput => ({ kind: "party-added", party }));
  const [caller] = call.parties;
  if (caller === undefined) {
    return actor === undefined ? [] : [{ kind: "party-added", party: phoneOf(actor, id, { role: "origination" }) }];
  }
  const parties: Party[] = [];
  if (call.parties.length === 1) {
    if (actor !== undefined) parties.push(phoneOf(actor, id));
    if (bounds.routing) parties.push(pointOf(id, line));
  } else if (actor !== undefined && call.answeredMicros !== undefined) {
    for (const by of answeredParties(call)) {
      const introduction = { how: "conference", party: by.id, number: by.number } as const;
      parties.push(phoneOf(actor, id, { introduction }));
    }
  }
  return [...repeated, ...parties.map((party): CallInput => ({ kind: "party-added", party }))];
}

function inputsOfParty(world: World, call: Call, party: string, bounds: Bounds): CallInput[] {
  const found = call.parties.find(({ id }) => id === party);
  const other = answeredParties(call).find(({ id }) => id !== party);
  const actor = phonesIn(world) < bounds.phones ? freeActor(world) : undefined;
  const known = call.parties.find(({ id }) => id !== party);
  const targets = [
    ...(actor === undefined ? [] : [phoneOf(actor, nextPartyId(call))]),
    // It is in the call already.
    ...(known === undefined ? [] : [known]),
  ];
  const waits = found !== undefined && ["dialing", "ringing", "queued"].includes(found.state);
  return [
    { kind: "party-ringing", party },
    { kind: "party-answered", party },
    { kind: "party-held", party },
    { kind: "party-retrieved", party },
    { kind: "party-queued", party },
    ...(waits ? causes : ["released"]).map((cause): CallInput => ({ kind: "party-released", party, cause })),
    ...(other === undefined
      ? []
      : [{ kind: "party-released", party, cause: "deleted", by: other.id } satisfies CallInput]),
    ...targets.flatMap((target): CallInput[] => [
      { kind: "party-routed", party, target },
      { kind: "party-transferred", party, target },
    ]),
  ];
}

function dataInputs({ userData }: Call): CallInput[] {
  const attached = changedByClient(userData, { kind: "attach", data: { customer: "4711" } });
  const deleted = changedByClient(userData, { kind: "delete-all" });
  return [attached, deleted].flatMap((changed): CallInput[] =>
    changed.ok ? [{ kind: "user-data", changed: changed.value, by: "7001" }] : [],
  );
}

function recordingInputs(): CallInput[] {
  return [
    { kind: "recording", state: "On", id: "r", fileName: "f", cause: "started" },
    { kind: "recording", state: "Paused", cause: "paused" },
    { kind: "recording", state: "Off", cause: "stopped" },
    { kind: "recording-failed", reason: "no-recorder", recordDn: "7001" },
    { kind: "recording-recovered", reason: "media-server-lost", gapMs: 700, recordDn: "7001" },
  ];
}

function begins(world: World, bounds: Bounds): Action[] {
  const [first, second] = world.lines;
  if (second !== undefined && second.call.endedMicros === undefined) return [];
  if (first.call.endedMicros !== undefined) return [];
  const room = phonesIn(world) < bounds.phones;
  return answeredParties(first.call).flatMap(({ id: party }): Action[] => [
    { kind: "begin", how: "consult", party },
    ...(room
      ? ([
          { kind: "begin", how: "calls", party },
          { kind: "begin", how: "called", party },
        ] satisfies Action[])
      : []),
  ]);
}

/** Every phone that is in both calls, or was, joins them; in both directions. */
function merges({ lines: [first, second] }: World): Action[] {
  if (second === undefined) return [];
  const pairs = first.call.parties.flatMap((one) =>
    second.call.parties.flatMap((two) => (one.dn === two.dn ? [[one.id, two.id] as const] : [])),
  );
  return pairs.flatMap(([one, two]) =>
    (["transfer", "conference"] as const).flatMap((how): Action[] => [
      { kind: "merge", line: 0, how, party: one, consultParty: two },
      { kind: "merge", line: 1, how, party: two, consultParty: one },
    ]),
  );
}

/** An action for people. */
export function describe(action: Action): string {
  if (action.kind === "begin") return `${action.party} ${action.how}`;
  if (action.kind === "merge") return `${action.how} of ${action.consultParty} into call ${action.line + 1}`;
  const { input, line } = action;
  const party = "party" in input ? (typeof input.party === "string" ? input.party : input.party.id) : "";
  const more =
    input.kind === "party-released" ? ` ${input.cause}` : input.kind === "recording" ? ` ${input.state}` : "";
  return `call ${line + 1}: ${input.kind} ${party}${more}`;
}
