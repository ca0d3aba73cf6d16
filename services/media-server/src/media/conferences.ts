import { SidetoneError } from "@sidetone/foundation";
import type { Leg } from "./leg.ts";
import { Mixer } from "./mixer.ts";
import { connectLegs, disconnectLeg } from "./relay.ts";
import type { Spot } from "./source-line.ts";

/** Conferences by name: two members are relayed to each other, more are mixed. */
export class Conferences {
  readonly #mixers = new Map<string, Mixer>();
  /** The same, to be walked through without an iterator. */
  #list: readonly Mixer[] = [];

  get mixed(): number {
    return this.#list.length;
  }

  /**
   * Makes these the members, in whatever way it takes; who stays hears on without a break but the one of changing the way.
   * Throws "leg-connected" where a leg is busy elsewhere; nothing has changed then.
   * @param at the next frame
   */
  set(name: string, legs: readonly Leg[], at: Spot): void {
    const mixer = this.#mixers.get(name);
    for (const leg of legs) {
      const elsewhere =
        leg.mixer === undefined ? leg.peer !== undefined && !legs.includes(leg.peer) : leg.mixer !== mixer;
      if (elsewhere) throw new SidetoneError("leg-connected", `leg ${leg.id} is connected elsewhere`);
    }
    if (legs.length > 2) {
      this.#mix(name, mixer ?? new Mixer(), legs, at);
      return;
    }
    if (mixer !== undefined) this.#end(name, mixer);
    const [first, second] = legs;
    if (first !== undefined && second !== undefined) connectLegs(first, second);
  }

  /** Takes a leg out of the conference that it is mixed in; two that are left are relayed. */
  leave(leg: Leg, at: Spot): void {
    for (const [name, mixer] of this.#mixers) {
      if (mixer !== leg.mixer) continue;
      this.set(
        name,
        mixer.members.filter((member) => member !== leg),
        at,
      );
      return;
    }
  }

  /** Mixes one frame of each. */
  frame(at: Spot): void {
    for (let i = 0; i < this.#list.length; i++) this.#list[i]?.frame(at);
  }

  skipTo(at: Spot): void {
    for (const mixer of this.#list) mixer.skipTo(at);
  }

  #mix(name: string, mixer: Mixer, legs: readonly Leg[], at: Spot): void {
    for (const member of Array.from(mixer.members)) if (!legs.includes(member)) mixer.remove(member);
    for (const leg of legs) {
      disconnectLeg(leg);
      if (leg.mixer === undefined) mixer.add(leg, at);
    }
    this.#mixers.set(name, mixer);
    this.#list = Array.from(this.#mixers.values());
  }

  #end(name: string, mixer: Mixer): void {
    for (const member of Array.from(mixer.members)) mixer.remove(member);
    this.#mixers.delete(name);
    this.#list = Array.from(this.#mixers.values());
  }
}
