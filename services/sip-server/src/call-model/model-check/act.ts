import type { PartyEvent } from "../../t-library/events-of-effects.ts";
import { type Call, type Party, presentParties, type UserData } from "../call.ts";
import type { CallEffect, CallInput, CallStep } from "../machine.ts";
import type { Action } from "./actions.ts";
import type { Model } from "./model.ts";
import { freeActor, type Line, lineOf, phoneOf, type World } from "./world.ts";

/** What one step made of one call. */
export interface Change {
  readonly line: 0 | 1;
  readonly before: Line;
  /** The call after it, and what the check expects of it. */
  readonly after: Line;
  readonly effects: readonly CallEffect[];
  readonly events: readonly PartyEvent[];
  /** What was put in; of a merge which of the two calls it is. */
  readonly cause: CallInput | MergePart;
}

/** The part of a call in a merge. */
export interface MergePart {
  readonly kind: "left" | "joined";
  readonly how: "transfer" | "conference";
  /** Who consulted, in this call. */
  readonly party: string;
  /** The consultation. */
  readonly consult: Call;
  /** Parties of the consultation and their ids in the call that survives. */
  readonly moved: ReadonlyMap<string, string>;
}

/** An action's changes, one after another, and the calls after the last. */
export interface Acted {
  readonly changes: readonly Change[];
  readonly lines: World["lines"];
  readonly begun: number;
}

/** Lets an action happen, as the signalling would. Time stands still: the model only hands it on. */
export function act(world: World, action: Action, model: Model): Acted {
  const scene = new Scene(world, model);
  switch (action.kind) {
    case "input":
      scene.input(action.line, action.input);
      break;
    case "begin":
      scene.begin(action);
      break;
    case "merge":
      scene.merge(action);
  }
  return { changes: scene.changes, lines: scene.lines, begun: scene.begun };
}

const NOW = 7;

class Scene {
  readonly changes: Change[] = [];
  lines: World["lines"];
  begun: number;
  readonly #world: World;
  readonly #model: Model;

  constructor(world: World, model: Model) {
    this.#world = world;
    this.#model = model;
    this.lines = world.lines;
    this.begun = world.begun;
  }

  input(line: 0 | 1, input: CallInput): void {
    const before = this.lines[line];
    if (before === undefined) return;
    const step = this.#model.step(before.call, input, NOW);
    const effective = step.effects.length > 0;
    this.#change(line, step, input, {
      previous: before.previous,
      userData: effective ? dataAfter(before, step.call, input) : before.userData,
      legs: legsAfter(before.legs, step, leaverOf(input)),
    });
  }

  begin({ how, party: id }: Extract<Action, { kind: "begin" }>): void {
    const [first] = this.lines;
    const party = first.call.parties.find((one) => one.id === id);
    if (party === undefined) return;
    const actor = freeActor(this.#world);
    this.begun += 1;
    if (how === "consult") this.input(0, { kind: "party-held", party: id });
    this.lines = [this.lines[0], lineOf(this.begun, how === "consult" ? first.call : undefined)];
    const own = (partyId: string, role: Party["role"]): Party =>
      phoneOf(party, partyId, { role, dn: party.dn, number: party.number });
    if (how !== "called") return this.input(1, { kind: "party-added", party: own("a", "origination") });
    if (actor === undefined) return;
    this.input(1, { kind: "party-added", party: phoneOf(actor, "a", { role: "origination" }) });
    this.input(1, { kind: "party-added", party: own("b", "destination") });
  }

  merge({ line, how, party, consultParty }: Extract<Action, { kind: "merge" }>): void {
    const main = this.lines[line];
    const other = line === 0 ? 1 : 0;
    const consult = this.lines[other];
    if (main === undefined || consult === undefined) return;
    const merged = this.#model.merge({ kind: how, main: main.call, party, consult: consult.call, consultParty }, NOW);
    if (merged === undefined) return;
    const part = { how, consult: consult.call, moved: merged.moved } as const;
    const recorded = consult.call.recording.state === "On" || consult.call.recording.state === "Paused";
    this.#change(
      other,
      merged.consult,
      { kind: "left", party: consultParty, ...part },
      {
        previous: consult.previous,
        userData: recorded ? { ...consult.userData, GSIP_RECORD: "Off" } : consult.userData,
        legs: without(consult.legs, consultParty, ...merged.moved.keys()),
      },
    );
    const legs = new Set([...main.legs, ...merged.moved.values()]);
    this.#change(
      line,
      merged.main,
      { kind: "joined", party, ...part },
      {
        previous: consult.call.connId,
        // R22: what is GSIP_ of the consultation is not carried over; nothing else is either.
        userData: main.userData,
        legs: how === "transfer" ? without(legs, party) : legs,
      },
    );
  }

  #change(line: 0 | 1, { call, effects }: CallStep, cause: Change["cause"], expected: Omit<Line, "call">): void {
    const before = this.lines[line];
    if (before === undefined) return;
    const after: Line = { call, ...expected };
    const known = before.call.parties.length === 0 ? undefined : before.call;
    const events = effects.length === 0 ? [] : this.#model.events(known, call, effects);
    this.changes.push({ line, before, after, effects, events, cause });
    this.lines = line === 0 ? [after, this.lines[1]] : [this.lines[0], after];
  }
}

/** UserData that the call must have now. */
function dataAfter({ userData, call: before }: Line, after: Call, input: CallInput): UserData {
  if (input.kind === "user-data") return before.endedMicros === undefined ? input.changed.userData : userData;
  const on = before.recording.state === "On" || before.recording.state === "Paused";
  if (input.kind === "recording") {
    const { fileName = before.recording.fileName } = input;
    return { ...userData, ...(fileName === undefined ? {} : { GSIP_REC_FN: fileName }), GSIP_RECORD: input.state };
  }
  const endsNow = after.endedMicros !== undefined && before.endedMicros === undefined;
  return endsNow && on ? { ...userData, GSIP_RECORD: "Off" } : userData;
}

/** Whose phone says by itself, or is told by who asked, that it is not in the call any more. */
function leaverOf(input: CallInput): string | undefined {
  return input.kind === "party-released" || input.kind === "party-transferred" ? input.party : undefined;
}

function legsAfter(before: ReadonlySet<string>, { effects }: CallStep, leaver: string | undefined): Set<string> {
  const legs = new Set(before);
  if (effects.length > 0 && leaver !== undefined) legs.delete(leaver);
  for (const effect of effects) {
    if (effect.kind === "party-added" && effect.party.device === "phone") legs.add(effect.party.id);
    if (effect.kind === "release-party") legs.delete(effect.party);
  }
  return legs;
}

function without(legs: ReadonlySet<string>, ...ids: readonly string[]): Set<string> {
  return new Set(Array.from(legs).filter((id) => !ids.includes(id)));
}

/** What is to be done so that everybody leaves: the first party that is still there hangs up. */
export function hangUps({ lines }: World): Action | undefined {
  for (const line of [0, 1] as const) {
    const call = lines[line]?.call;
    const [party] = call === undefined ? [] : presentParties(call);
    if (party === undefined) continue;
    return { kind: "input", line, input: { kind: "party-released", party: party.id, cause: "released" } };
  }
  return undefined;
}
