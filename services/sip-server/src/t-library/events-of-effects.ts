import type { CallState, EventAttributes, KVList } from "@sidetone/tlib";
import { type Call, type Introduction, type Party, presentParties } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import { callFacts } from "./call-attributes.ts";

/** Events about a call that carry the call attributes and nothing more. */
export type CallEventName =
  | "EventDialing"
  | "EventRinging"
  | "EventDestinationBusy"
  | "EventEstablished"
  | "EventHeld"
  | "EventRetrieved"
  | "EventReleased"
  | "EventAbandoned"
  | "EventQueued"
  | "EventRouteRequest"
  | "EventRouteUsed"
  | "EventDiverted"
  | "EventPartyAdded"
  | "EventPartyChanged"
  | "EventPartyDeleted";

type Without<T> = Omit<T, "EventSequenceNumber" | "ReferenceID">;

/** An event for one party of a call, before it has its number; `attributes.ThisDN` says whose. */
export type PartyEvent =
  | { readonly message: CallEventName; readonly attributes: Without<EventAttributes["EventDialing"]> }
  | {
      readonly message: "EventAttachedDataChanged";
      readonly attributes: Without<EventAttributes["EventAttachedDataChanged"]>;
    }
  | {
      readonly message: "EventPrivateInfo";
      readonly attributes: Without<EventAttributes["EventPrivateInfo"]> & {
        readonly ThisDN: string;
        readonly ConnID: string;
      };
    };

/** PrivateMsgID under which a recording's failure, and that it goes on, is told (R23). */
const recordingFailed = 3013;

/** Why a call did not get through, by the cause that the call model gives. Other causes mean that the caller gave up. */
const failures = new Map<string, CallState>([
  ["busy", "Busy"],
  ["no-answer", "NoAnswer"],
  ["unknown-number", "SitInvalidNum"],
  ["rejected", "GeneralError"],
]);

/**
 * tlib-wire.md, "Which events, to whom, in which order": what the parties of a call are told of a change. Pure.
 *
 * @param before the call before the first of the effects; undefined where it is new
 * @param call the call after the last of them
 */
export function eventsOfEffects(
  before: Call | undefined,
  call: Call,
  effects: readonly CallEffect[],
): readonly PartyEvent[] {
  return new Telling(before ?? call, call).events(effects);
}

type PartyChanged = Extract<CallEffect, { kind: "party-changed" }>;
type CallAttributes = Without<EventAttributes["EventDialing"]>;

/** One change of one call, told to its parties. */
class Telling {
  readonly #before: Call;
  readonly #call: Call;
  /** Who has left so far: who leaves after somebody else was left behind. */
  readonly #gone: Set<string>;

  constructor(before: Call, call: Call) {
    this.#before = before;
    this.#call = call;
    this.#gone = new Set(before.parties.filter(({ state }) => state === "released").map(({ id }) => id));
  }

  events(effects: readonly CallEffect[]): readonly PartyEvent[] {
    return effects.flatMap((effect) => this.#eventsOf(effect));
  }

  #eventsOf(effect: CallEffect): readonly PartyEvent[] {
    switch (effect.kind) {
      case "party-added":
        return effect.party.role === "origination" ? [this.#told(effect.party, "EventDialing")] : [];
      case "party-changed": {
        const events = this.#changed(effect);
        if (effect.party.state === "released") this.#gone.add(effect.party.id);
        return events;
      }
      case "party-routed": {
        const third = { ThirdPartyDN: effect.target.number, ThirdPartyDNRole: "RoleDestination" } as const;
        const Extensions = effect.extensions;
        return [
          this.#told(effect.party, "EventRouteUsed", { ...third, ...(Extensions === undefined ? {} : { Extensions }) }),
        ];
      }
      case "party-replaced":
        return [this.#partyChanged(effect)];
      case "party-moved-in":
        // Whose phone has not rung yet has heard of no call; it will, of this one.
        return effect.party.state === "dialing" ? [] : [this.#partyChanged(effect)];
      case "party-joined":
        return [
          this.#told(effect.party, "EventPartyAdded", {
            OtherDN: effect.newcomer.number,
            OtherDNRole: "RoleNewParty",
            ThirdPartyDN: effect.by.number,
            ThirdPartyDNRole: "RoleAddedBy",
          }),
        ];
      case "party-left":
        return [
          this.#told(effect.party, "EventPartyDeleted", {
            OtherDN: effect.leaver.number,
            OtherDNRole: "RoleDeletedParty",
            ...(effect.by === undefined
              ? {}
              : { ThirdPartyDN: effect.by.number, ThirdPartyDNRole: "RoleDeletedBy" as const }),
          }),
        ];
      case "user-data-changed":
        return this.#aware().map((party) => ({
          message: "EventAttachedDataChanged",
          attributes: {
            ...this.#attributesOf(party),
            ...(effect.by === undefined ? {} : { ThirdPartyDN: effect.by }),
            UserData: effect.userData,
            ChangedKeys: effect.keys,
            ...this.#causeOf(effect.keys),
          },
        }));
      case "recording-failed":
        return this.#toldOfRecording({ result: "failed", reason: effect.reason, recordDN: effect.recordDn });
      case "recording-recovered": {
        const { reason, gapMs, recordDn } = effect;
        return this.#toldOfRecording({ result: "recovered", reason, recordDN: recordDn, gap: gapMs });
      }
      case "party-moved-out":
      case "call-answered":
      case "release-party":
      case "call-ended":
        return [];
    }
  }

  /** R21: why GSIP_RECORD has changed (ours). */
  #causeOf(keys: readonly string[]): { readonly Extensions?: KVList } {
    const { cause } = this.#call.recording;
    return cause !== undefined && keys.includes("GSIP_RECORD") ? { Extensions: { RecordingCause: cause } } : {};
  }

  #changed({ party, from, cause }: PartyChanged): readonly PartyEvent[] {
    switch (party.state) {
      case "ringing":
        // The caller's own phone rings where the caller let a program dial: nobody calls it.
        return party.role === "destination" ? [this.#told(party, "EventRinging")] : [];
      case "queued":
        return [this.#told(party, "EventQueued"), this.#told(party, "EventRouteRequest")];
      case "connected":
        if (from === "held") return [this.#told(party, "EventRetrieved")];
        // A phone that answers without ringing: desktops wait for the ringing.
        return from === "dialing" && party.role === "destination"
          ? [this.#told(party, "EventRinging"), this.#told(party, "EventEstablished")]
          : [this.#told(party, "EventEstablished")];
      case "held":
        return [this.#told(party, "EventHeld")];
      case "released":
        return this.#released({ party, from, cause });
      case "dialing":
        return [];
    }
  }

  #released({ party, from, cause }: Pick<PartyChanged, "party" | "from" | "cause">): readonly PartyEvent[] {
    if (party.device === "routing-point") {
      // A caller who has gone before the call waited there.
      if (from !== "queued") return [];
      return [this.#told(party, cause === "diverted" ? "EventDiverted" : "EventAbandoned")];
    }
    if (cause === "transferred") return [this.#told(party, "EventReleased", { CallState: "Transferred" })];
    if (cause === "conferenced") return [this.#told(party, "EventReleased", { CallState: "Conferenced" })];
    const before = this.#before;
    // Who came in later and did not answer failed, whatever the call was before.
    const answered = before.answeredMicros !== undefined && (from === "connected" || from === "held");
    const failure = answered ? undefined : failureOf(cause);
    // A caller's own phone that is busy, rung for MakeCall before anyone else, is no destination.
    const destination = failure === "SitInvalidNum" || this.#call.parties.length > 1;
    if (party.role === "origination" && failure !== undefined && destination) {
      const CallState = failure;
      return [
        this.#told(party, "EventDestinationBusy", { CallState }),
        this.#told(party, "EventReleased", { CallState }),
      ];
    }
    if (!answered && party.role === "destination") {
      // Who was not rung has heard of nothing.
      if (from !== "ringing") return [];
      if (failure === undefined || failure === "NoAnswer") return [this.#told(party, "EventAbandoned")];
      return [this.#told(party, "EventReleased", { CallState: failure })];
    }
    const left = answered && this.#leftBehind();
    return [this.#told(party, "EventReleased", left ? { CallState: "RemoteRelease" } : {})];
  }

  /** Somebody left in this very change before. */
  #leftBehind(): boolean {
    return Array.from(this.#gone).some((id) =>
      this.#before.parties.some((party) => party.id === id && party.state !== "released"),
    );
  }

  #partyChanged(effect: Extract<CallEffect, { kind: "party-replaced" | "party-moved-in" }>): PartyEvent {
    const { party, by } = effect;
    const newcomer = effect.kind === "party-replaced" ? effect.newcomer : undefined;
    return this.#told(party, "EventPartyChanged", {
      ...(newcomer === undefined ? {} : { OtherDN: newcomer.number, OtherDNRole: "RoleDestination" as const }),
      ThirdPartyDN: by.number,
      ThirdPartyDNRole: thirdRole(by),
    });
  }

  /** R23: every party hears of it. */
  #toldOfRecording(Extensions: KVList): readonly PartyEvent[] {
    const { connId, callUuid, userData } = this.#call;
    const facts = { PrivateMsgID: recordingFailed, ConnID: connId, CallUUID: callUuid, UserData: userData, Extensions };
    return this.#aware().map(({ dn }) => ({ message: "EventPrivateInfo", attributes: { ...facts, ThisDN: dn } }));
  }

  /** Parties that have heard of the call and are in it: the caller, and who was rung. */
  #aware(): readonly Party[] {
    return presentParties(this.#before).filter(({ role, state }) => role === "origination" || state !== "dialing");
  }

  #told(party: Party, message: CallEventName, more: Partial<CallAttributes> = {}): PartyEvent {
    return { message, attributes: { ...this.#attributesOf(party), ...more } };
  }

  /** The call attributes as a party sees them, with the complete user data. */
  #attributesOf(party: Party): Without<EventAttributes["EventAttachedDataChanged"]> {
    return {
      ...callFacts(this.#call, party, this.#before),
      ThisDN: party.dn,
      ...(party.agentId === undefined ? {} : { AgentID: party.agentId }),
    };
  }
}

function failureOf(cause: string): CallState | undefined {
  return failures.get(cause) ?? (cause.startsWith("failed") ? "GeneralError" : undefined);
}

function thirdRole({ how }: Introduction): "RoleTransferredBy" | "RoleConferencedBy" {
  return how === "transfer" ? "RoleTransferredBy" : "RoleConferencedBy";
}
