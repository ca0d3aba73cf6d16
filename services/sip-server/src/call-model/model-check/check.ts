import { errorText } from "@sidetone/foundation";
import { type Party, presentParties } from "../call.ts";
import { act, type Acted, type Change, hangUps } from "./act.ts";
import type { Action } from "./actions.ts";
import { attributesViolation } from "./attributes.ts";
import { hear, type Heard, heardKey, type HeardState } from "./automaton.ts";
import { invariantViolation } from "./invariants.ts";
import { type Model, type Violation, violation } from "./model.ts";
import { rowViolation } from "./rows.ts";
import type { World } from "./world.ts";

/** What became of a world by an action, and what was wrong with it. */
export interface Checked {
  readonly world: World;
  readonly changes: readonly Change[];
  readonly violation: Violation | undefined;
}

/** Lets an action happen and checks everything that it changed and told. */
export function checkedAct(world: World, action: Action, model: Model): Checked {
  let acted: Acted;
  try {
    acted = act(world, action, model);
  } catch (error) {
    return { world, changes: [], violation: violation("exception", errorText(error)) };
  }
  const changes = acted.changes.filter(
    ({ before, after, effects }) => after.call !== before.call || effects.length > 0,
  );
  if (changes.length === 0 && acted.begun === world.begun) return { world, changes, violation: undefined };
  let heard = world.heard;
  let found: Violation | undefined;
  for (const change of changes) {
    const told = afterEvents(heard, change);
    found ??=
      told.violation ?? rowViolation(change, heard) ?? attributesViolation(change) ?? invariantViolation(change);
    heard = told.heard;
  }
  const after: World = { lines: acted.lines, heard, begun: acted.begun };
  return { world: after, changes, violation: found ?? disagreement(after) };
}

function afterEvents(
  before: Heard,
  { events }: Change,
): { readonly heard: Heard; readonly violation: Violation | undefined } {
  let heard = before;
  for (const event of events) {
    const next = hear(heard, event);
    if ("check" in next) return { heard, violation: next };
    heard = next;
  }
  return { heard, violation: undefined };
}

/** What the clients have heard must be what is so. */
function disagreement({ lines, heard }: World): Violation | undefined {
  const left = new Map(heard);
  for (const line of lines) {
    if (line === undefined) continue;
    for (const party of presentParties(line.call)) {
      const key = heardKey(line.call.connId, party.dn);
      const state = heardStateOf(party);
      if (left.get(key) !== state) {
        return violation("automaton", `${key} has heard ${left.get(key) ?? "nothing"}, but is ${party.state}`);
      }
      left.delete(key);
    }
  }
  const [key] = left.keys();
  return key === undefined ? undefined : violation("automaton", `${key} has heard of no end`);
}

function heardStateOf({ state, role, device }: Party): HeardState | undefined {
  switch (state) {
    case "dialing":
      return device === "phone" && role === "origination" ? "dialing" : undefined;
    case "ringing":
      return role === "origination" ? "dialing" : "ringing";
    case "queued":
      return "asked";
    case "connected":
      return "talking";
    case "held":
      return "held";
    case "released":
      return undefined;
  }
}

/** Everybody leaves, one after another: every call must be over then. */
export function endViolation(world: World, model: Model): Violation | undefined {
  let current = world;
  for (let steps = 0; steps < 20; steps += 1) {
    const action = hangUps(current);
    if (action === undefined) break;
    const checked = checkedAct(current, action, model);
    if (checked.violation !== undefined) return checked.violation;
    current = checked.world;
  }
  const up = current.lines.find(
    (line) => line !== undefined && line.call.parties.length > 0 && line.call.endedMicros === undefined,
  );
  if (up !== undefined) return violation("end", `call ${up.call.connId} is up though everybody has left`);
  return current.heard.size === 0 ? undefined : violation("end", "somebody has not heard of the end");
}
