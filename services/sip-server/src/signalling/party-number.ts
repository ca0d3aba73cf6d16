import type { DnConfig } from "@sidetone/config";
import type { NameAddr } from "@sidetone/sip";
import type { Party, PartyKind } from "../call-model/call.ts";

/** A DN whose phone is beyond the contact centre. */
export function isExternal(dn: DnConfig): boolean {
  return dn.type === "trunk" || dn.type === "trunk-group";
}

/** R1: whose side a DN is on: a Trunk, a Trunk Group and a Voice Treatment Port stand for the customer. */
export function kindOf(dn: DnConfig): PartyKind {
  return isExternal(dn) || dn.type === "voice-treatment-port" ? "external" : "internal";
}

/** The party that a DN makes in a call. `number` is the external number of a trunk's party. */
export function partyOf(id: string, dn: DnConfig, number: string, role: Party["role"], domain: string): Party {
  const external = isExternal(dn);
  return {
    id,
    dn: dn.dn,
    number: external ? number : dn.dn,
    kind: kindOf(dn),
    role,
    state: "dialing",
    aor: `sip:${encodeURIComponent(external ? number : dn.dn)}@${domain}`,
    agentId: undefined,
    recorded: dn.record,
  };
}

/** The identity that the other side is shown: the caller's display name with an address in our domain. */
export function identityOf(
  party: Party,
  domain: string,
  displayName: string | undefined,
  params: NameAddr["params"],
): NameAddr {
  return {
    displayName,
    uri: {
      scheme: "sip",
      user: encodeURIComponent(party.number),
      password: undefined,
      host: domain,
      port: undefined,
      params,
      headers: undefined,
    },
    params,
  };
}
