import type { CallLine } from "@sidetone/recording-file";
import type { ClientEvent } from "@sidetone/tlib/client";
import type { KVList, KVValue } from "@sidetone/tlib/schema";

/** What SIP Server says of a call, as far as a recording keeps it. */
export type CallFacts = Omit<CallLine, "type" | "atMs">;

/** Something that happened to the parties of a call. */
export interface PartyNews {
  readonly event: "hold" | "retrieve" | "party-added" | "party-changed" | "party-left";
  readonly dn: string;
  readonly otherDn: string | undefined;
  readonly cause: string | undefined;
}

/** What an event, or a call of a snapshot, says. */
export interface CallNews {
  readonly connId: string;
  readonly callUuid: string | undefined;
  readonly facts: CallFacts;
  readonly news: PartyNews | undefined;
}

/** Before anything is known. */
export const noFacts: CallFacts = { ani: undefined, dnis: undefined, callType: undefined, agents: [], userData: {} };

/** Values of these names are not kept, whatever their case; keys of the recording itself are not user data. */
export interface UserDataRules {
  readonly mask: readonly string[];
}

/** What is written where a value is masked. */
export const MASKED = "***";

type Attributes = Readonly<Record<string, unknown>>;

const partyEvents: Readonly<Record<string, PartyNews["event"]>> = {
  EventHeld: "hold",
  EventRetrieved: "retrieve",
  EventPartyAdded: "party-added",
  EventPartyChanged: "party-changed",
  EventPartyDeleted: "party-left",
};

/** Reads an event about a call; undefined for every other one. */
export function newsOf(event: ClientEvent, rules: UserDataRules): CallNews | undefined {
  if (event.message === "Reset" || event.message === "unknown") return undefined;
  const attributes: Attributes = event.attributes;
  const connId = text(attributes["ConnID"]);
  if (connId === undefined) return undefined;
  const name = partyEvents[event.message];
  const dn = text(attributes["ThisDN"]);
  const news =
    name === undefined || dn === undefined
      ? undefined
      : { event: name, dn, otherDn: text(attributes["OtherDN"]), cause: text(attributes["CallState"]) };
  return { connId, callUuid: text(attributes["CallUUID"]), facts: factsOf(attributes, rules), news };
}

/** Reads a call of `Calls`, of a snapshot. */
export function newsOfSnapshot(call: Attributes, rules: UserDataRules): CallNews | undefined {
  const connId = text(call["ConnID"]);
  if (connId === undefined) return undefined;
  const parties = Array.isArray(call["Parties"]) ? (call["Parties"] as readonly Attributes[]) : [];
  const agents = parties.flatMap((party) => text(party["AgentID"]) ?? []);
  const facts = factsOf(call, rules);
  return { connId, callUuid: text(call["CallUUID"]), facts: { ...facts, agents }, news: undefined };
}

/** What is known once more has been said: user data are always complete, agents add up, who called and what was dialled stays. */
export function withNews(before: CallFacts, news: CallFacts): CallFacts {
  return {
    ani: before.ani ?? news.ani,
    dnis: before.dnis ?? news.dnis,
    callType: before.callType ?? news.callType,
    agents: Array.from(new Set([...before.agents, ...news.agents])),
    userData: Object.keys(news.userData).length === 0 ? before.userData : news.userData,
  };
}

/** Whether two say the same. */
export function sameFacts(a: CallFacts, b: CallFacts): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function factsOf(attributes: Attributes, { mask }: UserDataRules): CallFacts {
  const agent = text(attributes["AgentID"]);
  return {
    ani: text(attributes["ANI"]),
    dnis: text(attributes["DNIS"]),
    callType: text(attributes["CallType"]),
    agents: agent === undefined ? [] : [agent],
    userData: kept((attributes["UserData"] ?? {}) as KVList, new Set(mask.map((name) => name.toLowerCase()))),
  };
}

/** R22: what begins with `GSIP_` is said by the system, about the recording. */
function kept(list: KVList, masked: ReadonlySet<string>): Record<string, string> {
  const out: [string, string][] = [];
  for (const [name, value] of Object.entries(list))
    if (!name.toUpperCase().startsWith("GSIP_"))
      out.push([name, masked.has(name.toLowerCase()) ? MASKED : valueText(value, masked)]);
  return Object.fromEntries(out);
}

function valueText(value: KVValue, masked: ReadonlySet<string>): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if ("$binary" in value && typeof value.$binary === "string") return value.$binary;
  return JSON.stringify(kept(value as KVList, masked));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
