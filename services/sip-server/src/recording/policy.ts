import type { DnConfig } from "@sidetone/config";
import type { Call, Party } from "../call-model/call.ts";
import { presentParties } from "../call-model/call.ts";

/** Customer = left channel, label 1; agent = right channel, label 2 (R26). */
export type Side = "customer" | "agent";

/** Who is to be recorded, and why. */
export interface RecordingWish {
  readonly party: string;
  readonly dn: string;
  readonly side: Side;
  readonly cause: "full-time" | "selective" | "dynamic";
}

/** R1: the parties whose configuration asks for full-time recording, with the side each is on. */
export function recordingWishes(call: Call): readonly RecordingWish[] {
  const sides = sidesOf(call);
  return presentParties(call)
    .filter((party) => party.recorded)
    .map((party) => ({ party: party.id, dn: party.dn, side: sides.get(party.id) ?? "agent", cause: "full-time" }));
}

/**
 * R26, R3: an external party is the customer; of two internal ones the called is the agent, the caller stands on the
 * customer's side; of two external ones likewise. Who came by a transfer has the side of who left for it, who was added
 * to a conference is on the customer's side where external, whom a routing point found for an answered caller is on the
 * other side than the caller. The side of a party never changes.
 */
export function sidesOf(call: Call): ReadonlyMap<string, Side> {
  const sides = new Map<string, Side>();
  const phones = call.parties.filter(({ device }) => device === "phone");
  const kinds = new Set(phones.filter(({ introduction }) => introduction === undefined).map(({ kind }) => kind));
  for (const party of phones) {
    const { introduction } = party;
    if (introduction === undefined) sides.set(party.id, kinds.size > 1 ? byKind(party) : byRole(party));
    else if (introduction.how === "route")
      sides.set(party.id, callersSide(sides) === "customer" ? "agent" : "customer");
    else {
      const replaced = introduction.how === "transfer" ? sides.get(introduction.party) : undefined;
      sides.set(party.id, replaced ?? byKind(party));
    }
  }
  return sides;
}

function callersSide(sides: ReadonlyMap<string, Side>): Side | undefined {
  const [first] = sides.values();
  return first;
}

function byKind(party: Party): Side {
  return party.kind === "external" ? "customer" : "agent";
}

function byRole(party: Party): Side {
  return party.role === "origination" ? "customer" : "agent";
}

/** How the media of a call go before the called party hears anything. */
export interface MediaPlan {
  readonly path: "direct" | "anchored";
  /** A recording is to be started at the answer. */
  readonly record: boolean;
  /** R17: `reject` where any recorded DN says that recording is mandatory. */
  readonly recordingFailure: "continue" | "reject";
}

/** Decides direct or anchored from the DNs of a call (R1, R17, `media`). */
export function mediaPlan(...dns: readonly DnConfig[]): MediaPlan {
  const record = dns.some((dn) => dn.record);
  const mandatory = dns.some((dn) => dn.record && dn.recordingFailure === "reject");
  return {
    path: record || dns.some((dn) => dn.media === "anchored") ? "anchored" : "direct",
    record,
    recordingFailure: mandatory ? "reject" : "continue",
  };
}
