import type { Action } from "./actions.ts";
import type { World } from "./world.ts";

/** Counts which inputs met which states. */
export class Coverage {
  readonly #pairs = new Map<string, number>();

  /** An action in a world, before it happens. */
  note(world: World, action: Action): void {
    const pair = pairOf(world, action);
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1);
  }

  /** Kinds of input × state of the party that they are about, how often each was met, by name. */
  get pairs(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#pairs).toSorted(([one], [two]) => (one < two ? -1 : 1)));
  }
}

function pairOf({ lines }: World, action: Action): string {
  const stateOf = (line: 0 | 1, id: string): string =>
    lines[line]?.call.parties.find((party) => party.id === id)?.state ?? "nobody";
  switch (action.kind) {
    case "begin":
      return `begin ${action.how} × ${stateOf(0, action.party)}`;
    case "merge": {
      const other = action.line === 0 ? 1 : 0;
      return `merge ${action.how} × ${stateOf(action.line, action.party)}, ${stateOf(other, action.consultParty)}`;
    }
    case "input": {
      const { input, line } = action;
      if (input.kind === "party-added") return `party-added × ${stateOf(line, input.party.id)}`;
      if ("party" in input) return `${input.kind} × ${stateOf(line, input.party)}`;
      const call = lines[line]?.call;
      const state = call?.endedMicros === undefined ? (call?.answeredMicros === undefined ? "rings" : "up") : "over";
      const what = input.kind === "recording" ? `recording ${input.state}` : input.kind;
      return `${what} × call ${state}, recording ${call?.recording.state ?? "absent"}`;
    }
  }
}
