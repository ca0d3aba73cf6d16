import type { DnConfig } from "@sidetone/config";
import type { Directory } from "./directory.ts";

/** Gives a trunk's call back; a second time does nothing. */
export type Release = () => void;

/** How many calls each trunk carries (`capacity`), and whose turn it is in a trunk group. */
export class TrunkUse {
  readonly #directory: Pick<Directory, "dn">;
  readonly #calls = new Map<string, number>();
  /** Trunk group → how many calls were dialled over it, round-robin. */
  readonly #turns = new Map<string, number>();

  constructor(directory: Pick<Directory, "dn">) {
    this.#directory = directory;
  }

  /** Calls that a trunk carries now, both directions. */
  inUse(trunk: string): number {
    return this.#calls.get(trunk) ?? 0;
  }

  /** Takes one of the trunk's calls; undefined where it carries as many as it may. Other DNs have no limit and are counted too. */
  acquire(trunk: string): Release | undefined {
    if (this.isFull(trunk)) return undefined;
    this.#calls.set(trunk, this.inUse(trunk) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.inUse(trunk) - 1;
      if (left === 0) this.#calls.delete(trunk);
      else this.#calls.set(trunk, left);
    };
  }

  /** Whether another call would be too many. Where the capacity was lowered meanwhile, the calls above it stay. */
  isFull(trunk: string): boolean {
    const capacity = this.#directory.dn(trunk)?.capacity;
    return capacity !== undefined && this.inUse(trunk) >= capacity;
  }

  /** A group's trunks in the order in which the next call tries them. Asking counts as a call. */
  order(group: DnConfig): readonly DnConfig[] {
    const members = (group.members ?? []).map((name) => this.#directory.dn(name)).filter((dn) => dn !== undefined);
    if (group.loadBalanceScheme !== "round-robin" || members.length < 2) return members;
    const first = (this.#turns.get(group.dn) ?? 0) % members.length;
    this.#turns.set(group.dn, first + 1);
    return [...members.slice(first), ...members.slice(0, first)];
  }
}
