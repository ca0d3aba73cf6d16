import { fail, ok, type Result } from "@sidetone/foundation";
import { type Call, type Party, presentParties } from "../call-model/call.ts";
import { type Side, sidesOf } from "./policy.ts";

/** Whom a client wants recorded (R3). */
export interface DynamicWish {
  readonly thisDn: string;
  readonly otherDn?: string;
  readonly side: "source" | "destination";
}

/**
 * R3: the party that a START means. `source` is ThisDN, `destination` the other party; where ThisDN is no party, `source`
 * is the agent's side and `destination` the other. OtherDN decides where several are left. Fails with why it means nobody.
 */
export function wishedParty(call: Call, wish: DynamicWish): Result<{ readonly party: Party; readonly side: Side }> {
  const sides = sidesOf(call);
  const present = presentParties(call);
  const own = present.find(({ dn, number }) => dn === wish.thisDn || number === wish.thisDn);
  let meant: readonly Party[];
  if (own !== undefined) meant = wish.side === "source" ? [own] : present.filter((party) => party !== own);
  else meant = present.filter((party) => (sides.get(party.id) === "agent") === (wish.side === "source"));
  const { otherDn } = wish;
  if (otherDn !== undefined && wish.side === "destination") {
    meant = meant.filter(({ dn, number }) => dn === otherDn || number === otherDn);
  }
  const [party] = meant;
  if (party === undefined) {
    return fail(
      otherDn === undefined
        ? `the call has no party on the side ${wish.side}`
        : `OtherDN ${otherDn} is not in the call`,
    );
  }
  if (meant.length > 1 && wish.side === "destination") {
    return fail("OtherDN is needed: several parties are on the other side");
  }
  return ok({ party, side: sides.get(party.id) ?? "agent" });
}
