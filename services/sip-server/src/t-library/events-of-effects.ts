import type { CallState, EventAttributes } from "@sidetone/tlib";
import { type Call, type Party, presentParties } from "../call-model/call.ts";
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
  | "EventAbandoned";

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

/** PrivateMsgID under which a recording's failure is told (R23). */
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
  const events: PartyEvent[] = [];
  const parties = aware(before ?? call);
  const gone = new Set(before?.parties.filter(({ state }) => state === "released").map(({ id }) => id));
  for (const effect of effects) {
    switch (effect.kind) {
      case "party-added":
        if (effect.party.role === "origination") events.push(told(call, effect.party, "EventDialing"));
        break;
      case "party-changed":
        events.push(...changed(before, call, effect, gone));
        if (effect.party.state === "released") gone.add(effect.party.id);
        break;
      case "user-data-changed":
        for (const party of parties) {
          events.push({
            message: "EventAttachedDataChanged",
            attributes: {
              ...attributesOf(call, party),
              ...(effect.by === undefined ? {} : { ThirdPartyDN: effect.by }),
              UserData: effect.userData,
              ChangedKeys: effect.keys,
            },
          });
        }
        break;
      case "recording-failed":
        for (const party of parties) {
          events.push({
            message: "EventPrivateInfo",
            attributes: {
              PrivateMsgID: recordingFailed,
              ThisDN: party.dn,
              ConnID: call.connId,
              CallUUID: call.callUuid,
              UserData: call.userData,
              Extensions: { result: "failed", reason: effect.reason, recordDN: effect.recordDn },
            },
          });
        }
        break;
      case "call-answered":
      case "release-party":
      case "call-ended":
        break;
    }
  }
  return events;
}

type PartyChanged = Extract<CallEffect, { kind: "party-changed" }>;

function changed(
  before: Call | undefined,
  call: Call,
  { party, from, cause }: PartyChanged,
  gone: ReadonlySet<string>,
): readonly PartyEvent[] {
  switch (party.state) {
    case "ringing":
      // The caller's own phone rings where the caller let a program dial: nobody calls it.
      return party.role === "destination" ? [told(call, party, "EventRinging")] : [];
    case "connected":
      if (from === "held") return [told(call, party, "EventRetrieved")];
      // A phone that answers without ringing: desktops wait for the ringing.
      return from === "dialing" && party.role === "destination"
        ? [told(call, party, "EventRinging"), told(call, party, "EventEstablished")]
        : [told(call, party, "EventEstablished")];
    case "held":
      return [told(call, party, "EventHeld")];
    case "released":
      return released(before, call, { party, from, cause }, gone);
    case "dialing":
      return [];
  }
}

function released(
  before: Call | undefined,
  call: Call,
  { party, from, cause }: Pick<PartyChanged, "party" | "from" | "cause">,
  gone: ReadonlySet<string>,
): readonly PartyEvent[] {
  const answered = (before ?? call).answeredMicros !== undefined;
  const failure = answered ? undefined : failureOf(cause);
  // A caller's own phone that is busy, rung for MakeCall before anyone else, is no destination.
  const destination = failure === "SitInvalidNum" || call.parties.length > 1;
  if (party.role === "origination" && failure !== undefined && destination) {
    return [told(call, party, "EventDestinationBusy", failure), told(call, party, "EventReleased", failure)];
  }
  if (!answered && party.role === "destination") {
    // Who was not rung has heard of nothing.
    if (from !== "ringing") return [];
    if (failure === undefined || failure === "NoAnswer") return [told(call, party, "EventAbandoned")];
    return [told(call, party, "EventReleased", failure)];
  }
  return [told(call, party, "EventReleased", answered && gone.size > 0 ? "RemoteRelease" : undefined)];
}

function failureOf(cause: string): CallState | undefined {
  return failures.get(cause) ?? (cause.startsWith("failed") ? "GeneralError" : undefined);
}

/** Parties that have heard of the call and are in it: the caller, and who was rung. */
function aware(call: Call): readonly Party[] {
  return presentParties(call).filter(({ role, state }) => role === "origination" || state !== "dialing");
}

function told(call: Call, party: Party, message: CallEventName, state?: CallState): PartyEvent {
  return {
    message,
    attributes: { ...attributesOf(call, party), ...(state === undefined ? {} : { CallState: state }) },
  };
}

/** The call attributes as a party sees them, with the complete user data. */
function attributesOf(call: Call, party: Party): Without<EventAttributes["EventAttachedDataChanged"]> {
  return {
    ...callFacts(call, party),
    ThisDN: party.dn,
    ...(party.agentId === undefined ? {} : { AgentID: party.agentId }),
  };
}
