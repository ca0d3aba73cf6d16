import { SidetoneError } from "@sidetone/foundation";
import type { Leg } from "./leg.ts";

/** Two-way relay of two legs, undecoded. Throws "leg-connected" where one has another peer or is mixed. */
export function connectLegs(first: Leg, second: Leg): void {
  if (first === second) throw new SidetoneError("leg-connected", `leg ${first.id} cannot be connected to itself`);
  if (first.peer === second) return;
  for (const leg of [first, second]) {
    if (leg.peer !== undefined) {
      throw new SidetoneError("leg-connected", `leg ${leg.id} is connected to leg ${leg.peer.id}`);
    }
    if (leg.mixer !== undefined) throw new SidetoneError("leg-connected", `leg ${leg.id} is in a conference`);
  }
  first.peer = second;
  second.peer = first;
  first.output.begin();
  second.output.begin();
}

/** Ends the relay of a leg; nothing where there is none. */
export function disconnectLeg(leg: Leg): void {
  if (leg.peer !== undefined) leg.peer.peer = undefined;
  leg.peer = undefined;
}
