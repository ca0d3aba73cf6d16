import { type Call, presentParties } from "../call-model/call.ts";
import { type RecordingWish, sidesOf } from "./policy.ts";
import type { RecordingSnapshot } from "../restore/call-snapshot.ts";
import type { RecordingParameters } from "./states.ts";

/** R2: what a routing strategy wants recorded, its rights and names checked before. */
export interface SelectiveWish {
  /** Party id. */
  readonly party: string;
  /** R8. */
  readonly id?: string | undefined;
  /** R10. */
  readonly dest?: string | undefined;
  readonly dest2?: string | undefined;
  /** R7. */
  readonly parameters: RecordingParameters;
}

/** R2: the wishes of routing strategies for one call, and what they withdrew. */
export class SelectiveWishes {
  readonly #wishes = new Map<string, SelectiveWish>();
  readonly #suppressed = new Set<string>();

  /** A later wish for the same party counts. */
  add(wish: SelectiveWish): void {
    this.#wishes.set(wish.party, wish);
  }

  /** Withdraws a selective wish; with `fullTime` the party is not recorded by its configuration either. */
  suppress(party: string, fullTime: boolean): void {
    this.#wishes.delete(party);
    if (fullTime) this.#suppressed.add(party);
  }

  snapshot(): RecordingSnapshot["selective"] {
    const wishes = Array.from(this.#wishes.values(), (wish) => ({
      ...wish,
      parameters: Array.from(wish.parameters),
    }));
    return { wishes, suppressed: Array.from(this.#suppressed) };
  }

  /** R33. */
  restore({ wishes, suppressed }: RecordingSnapshot["selective"]): void {
    for (const wish of wishes) this.add({ ...wish, parameters: new Map(wish.parameters) });
    for (const party of suppressed) this.#suppressed.add(party);
  }

  /** Whether a strategy took the party's full-time recording away. */
  suppressed(party: string): boolean {
    return this.#suppressed.has(party);
  }

  /** What was asked for a party. */
  of(party: string): SelectiveWish | undefined {
    return this.#wishes.get(party);
  }

  /** R5: full-time wishes first, less those that were suppressed; then selective ones of parties that have none. */
  among(call: Call, fullTime: readonly RecordingWish[]): readonly RecordingWish[] {
    const left = fullTime.filter(({ party }) => !this.#suppressed.has(party));
    if (this.#wishes.size === 0) return left;
    const sides = sidesOf(call);
    const selective = presentParties(call)
      .filter(({ id }) => this.#wishes.has(id) && !left.some(({ party }) => party === id))
      .map(({ id, dn }): RecordingWish => ({ party: id, dn, side: sides.get(id) ?? "agent", cause: "selective" }));
    return [...left, ...selective];
  }
}
