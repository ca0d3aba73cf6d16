import { rfc3339 } from "@sidetone/foundation";
import type { Call } from "../call-model/call.ts";
import type { CallRow } from "./wire.ts";

/** A party as a journal shows it. */
export interface PartyFacts {
  readonly dn: string;
  /** The DN, or the external number. */
  readonly number: string;
  readonly kind: "internal" | "external";
  readonly role: "origination" | "destination";
  readonly device: "phone" | "routing-point";
  readonly state: string;
  readonly agentId: string | null;
  readonly recorded: boolean;
}

/** A call as its journal shows it. Times are RFC 3339. */
export interface CallFacts {
  readonly callUuid: string;
  readonly connId: string;
  readonly previousConnId: string | null;
  readonly callType: string;
  readonly ani: string;
  readonly dnis: string;
  readonly createdTime: string;
  readonly answeredTime: string | null;
  readonly endedTime: string | null;
  readonly parties: readonly PartyFacts[];
  readonly recording: { readonly state: string; readonly id: string | null; readonly cause: string | null };
}

/** The row of a call. User data are not part of it: they may say more than who reads a journal should know. */
export function rowOf(call: Call): CallRow {
  const { callUuid, connId, previousConnId, createdMicros } = call;
  return {
    callUuid,
    connId,
    previousConnId: previousConnId ?? null,
    at: createdMicros,
    facts: JSON.stringify(factsOf(call)),
  };
}

/** What of a call its journal shows. */
export function factsOf(call: Call): CallFacts {
  const time = (micros: number | undefined): string | null => (micros === undefined ? null : rfc3339(micros));
  return {
    callUuid: call.callUuid,
    connId: call.connId,
    previousConnId: call.previousConnId ?? null,
    callType: call.callType,
    ani: call.ani,
    dnis: call.dnis,
    createdTime: rfc3339(call.createdMicros),
    answeredTime: time(call.answeredMicros),
    endedTime: time(call.endedMicros),
    parties: call.parties.map(({ dn, number, kind, role, device, state, agentId, recorded }) => ({
      dn,
      number,
      kind,
      role,
      device,
      state,
      agentId: agentId ?? null,
      recorded,
    })),
    recording: {
      state: call.recording.state,
      id: call.recording.id ?? null,
      cause: call.recording.cause ?? null,
    },
  };
}

/** Reads what `rowOf` wrote. */
export function readFacts(row: CallRow): CallFacts {
  return JSON.parse(row.facts) as CallFacts;
}
