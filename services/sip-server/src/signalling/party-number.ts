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

/** Who is logged in on a DN. */
export interface LoggedIn {
  readonly agentId: string;
  readonly record: boolean;
}

/** R1: the DN's configuration, or the login of the agent on it, asks for recording. */
export function recordedBy(dn: DnConfig, agent: LoggedIn | undefined): DnConfig {
  return agent?.record === true && !dn.record ? { ...dn, record: true } : dn;
}

/** The party that a DN makes in a call. `number` is the external number of a trunk's party. */
export function partyOf(
  id: string,
  dn: DnConfig,
  number: string,
  role: Party["role"],
  o: { readonly domain: string; readonly agent: LoggedIn | undefined },
): Party {
  const external = isExternal(dn);
  return {
    id,
    dn: dn.dn,
    number: external ? number : dn.dn,
    kind: kindOf(dn),
    role,
    state: "dialing",
    aor: `sip:${encodeURIComponent(external ? number : dn.dn)}@${o.domain}`,
    agentId: o.agent?.agentId,
    recorded: recordedBy(dn, o.agent).record,
    device: dn.type === "routing-point" ? "routing-point" : "phone",
    introduction: undefined,
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
