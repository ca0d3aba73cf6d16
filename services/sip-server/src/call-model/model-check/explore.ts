import { type Action, actionsOf, type Bounds, describe } from "./actions.ts";
import { checkedAct, endViolation } from "./check.ts";
import { Coverage } from "./coverage.ts";
import type { Model, Violation } from "./model.ts";
import { nameOf, newWorld, type World } from "./world.ts";

/** What an exploration has seen. */
export interface Exploration {
  /** Worlds that behave differently. */
  readonly states: number;
  /** Actions tried, those without effect too. */
  readonly transitions: number;
  /** Actions that changed something. */
  readonly effective: number;
  /** Nothing within the bounds was left out. */
  readonly exhausted: boolean;
  /** The first thing that was wrong, and how one comes there. */
  readonly found: (Violation & { readonly path: readonly string[] }) | undefined;
}

/** How far an exploration goes. */
export interface Limits {
  readonly bounds: Bounds;
  readonly maxStates: number;
  readonly maxTransitions?: number;
  /** Asked now and then; true: enough. */
  readonly enough?: () => boolean;
}

interface Visited {
  readonly world: World;
  readonly from: Visited | undefined;
  readonly by: Action | undefined;
}

/** Breadth first: every action in every world, until there is none that is new. */
export function exploreAll(
  model: Model,
  { bounds, maxStates, enough }: Limits,
  coverage = new Coverage(),
): Exploration {
  const start: Visited = { world: newWorld(), from: undefined, by: undefined };
  const seen = new Set([nameOf(start.world)]);
  let level: Visited[] = [start];
  let transitions = 0;
  let effective = 0;
  const result = (exhausted: boolean, found?: Exploration["found"]): Exploration => ({
    states: seen.size,
    transitions,
    effective,
    exhausted,
    found,
  });
  while (level.length > 0) {
    const next: Visited[] = [];
    for (const here of level) {
      for (const action of actionsOf(here.world, bounds)) {
        coverage.note(here.world, action);
        transitions += 1;
        const { world, changes, violation } = checkedAct(here.world, action, model);
        if (violation !== undefined) return result(false, { ...violation, path: [...pathTo(here), describe(action)] });
        if (changes.every(({ effects }) => effects.length === 0)) continue;
        effective += 1;
        const name = nameOf(world);
        if (seen.has(name)) continue;
        seen.add(name);
        const there: Visited = { world, from: here, by: action };
        const stuck = endViolation(world, model);
        if (stuck !== undefined) return result(false, { ...stuck, path: [...pathTo(there), "everybody hangs up"] });
        if (seen.size >= maxStates) return result(false);
        next.push(there);
      }
      if (enough?.() === true) return result(false);
    }
    level = next;
  }
  return result(true);
}

function pathTo(visited: Visited): string[] {
  const path: string[] = [];
  for (let here: Visited | undefined = visited; here?.by !== undefined; here = here.from) path.push(describe(here.by));
  return path.toReversed();
}

/** Random walks from an empty call; each ends when both calls are over, or after `length` actions that did something. */
export function walkRandomly(
  model: Model,
  o: Limits & { readonly seed: number; readonly length: number },
  coverage = new Coverage(),
): Exploration {
  const random = numbersFrom(o.seed);
  const seen = new Set<string>();
  const { maxTransitions = Number.POSITIVE_INFINITY } = o;
  let transitions = 0;
  let effective = 0;
  while (seen.size < o.maxStates && transitions < maxTransitions && o.enough?.() !== true) {
    let world = newWorld();
    const path: string[] = [];
    for (let steps = 0; steps < o.length; ) {
      const actions = actionsOf(world, o.bounds);
      const action = actions[random(actions.length)];
      if (action === undefined) break;
      // Where everybody leaves as often as anything else happens nobody comes far.
      if (action.kind === "input" && action.input.kind === "party-released" && random(5) > 0) continue;
      coverage.note(world, action);
      transitions += 1;
      const checked = checkedAct(world, action, model);
      path.push(describe(action));
      if (checked.violation !== undefined) {
        const found = { ...checked.violation, path };
        return { states: seen.size, transitions, effective, exhausted: false, found };
      }
      if (checked.changes.every(({ effects }) => effects.length === 0)) {
        path.pop();
        if (world.lines.every((line) => line === undefined || line.call.endedMicros !== undefined)) break;
        continue;
      }
      steps += 1;
      effective += 1;
      world = checked.world;
      seen.add(nameOf(world));
    }
    const stuck = endViolation(world, model);
    if (stuck !== undefined) {
      const found = { ...stuck, path: [...path, "everybody hangs up"] };
      return { states: seen.size, transitions, effective, exhausted: false, found };
    }
  }
  return { states: seen.size, transitions, effective, exhausted: false, found: undefined };
}

/** Numbers below a limit, the same for the same seed: a linear congruence, its upper bits. */
function numbersFrom(seed: number): (below: number) => number {
  let state = BigInt.asUintN(64, BigInt(seed));
  return (below) => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(state >> 33n) % below;
  };
}
