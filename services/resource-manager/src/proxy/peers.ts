import { peerCheck } from "@sidetone/sip";

/** Who may talk to this Resource Manager, and whom it may be told to send to. */
export interface Peers {
  accepts(ip: string): boolean;
}

/** Loopback always; besides it `allowed` (addresses and networks) and `resources` (hosts that are IP addresses). */
export function makePeers(allowed: readonly string[], resources: readonly string[]): Peers {
  return { accepts: peerCheck([...allowed, ...resources]) };
}
