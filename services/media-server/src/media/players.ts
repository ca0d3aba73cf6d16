import { SidetoneError } from "@sidetone/foundation";
import type { Leg } from "./leg.ts";
import { Player } from "./player.ts";
import type { Spot } from "./source-line.ts";
import type { PlayOptions } from "./audio-types.ts";

/** Who is played something, by the play's number; one play a leg. */
export class Players {
  readonly #players = new Map<number, Player>();
  /** The same, to be walked through without an iterator. */
  #list: readonly Player[] = [];

  get count(): number {
    return this.#list.length;
  }

  get(id: number): Player | undefined {
    return this.#players.get(id);
  }

  /** Throws "leg-playing" where the leg is played something already. */
  start(id: number, leg: Leg, o: PlayOptions): Player {
    if (leg.player !== undefined) throw new SidetoneError("leg-playing", `leg ${leg.id} is played something already`);
    const player = new Player(id, leg, o);
    leg.player = player;
    this.#players.set(id, player);
    this.#list = Array.from(this.#players.values());
    return player;
  }

  stop(player: Player): void {
    player.leg.player = undefined;
    this.#players.delete(player.id);
    this.#list = Array.from(this.#players.values());
  }

  /** Plays one frame to each. True where one has ended. */
  frame(at: Spot): boolean {
    let ended = false;
    for (let i = 0; i < this.#list.length; i++) {
      const player = this.#list[i];
      if (player === undefined) continue;
      if (player.ended === "no") player.frame(at);
      if (player.ended !== "no") ended = true;
    }
    return ended;
  }

  ended(): Player[] {
    return this.#list.filter(({ ended }) => ended !== "no");
  }
}
