import type { Credentials, Destination } from "@sidetone/sip";
import type { Release } from "../directory/index.ts";

/** One contact to ring: several for a DN that is registered from several phones, or for a group that is tried one by one. */
export interface RingTarget {
  readonly uri: string;
  readonly destination: Destination;
  /**
   * Member of a hunt: targets of the lowest turn ring at once, those of the next one where nobody there could take the
   * call; one that says nothing for 4 s is given up. Undefined: turn 0, with as much time as an INVITE has.
   */
  readonly turn?: number;
  /** The trunk that it is reached over. */
  readonly trunk?: string;
  /** What a challenge of the far side is answered with. */
  readonly credentials?: Credentials;
  /** Takes one of the calls that its trunk may carry; undefined where there is none left. */
  acquire?(): Release | undefined;
}

/** The targets by turns: the inner ones ring at once, the outer ones follow each other. */
export function turnsOf(targets: readonly RingTarget[]): readonly (readonly RingTarget[])[] {
  const turns = new Map<number, RingTarget[]>();
  for (const target of targets) {
    const turn = target.turn ?? 0;
    const known = turns.get(turn);
    if (known === undefined) turns.set(turn, [target]);
    else known.push(target);
  }
  return Array.from(turns)
    .sort(([a], [b]) => a - b)
    .map(([, ringing]) => ringing);
}
