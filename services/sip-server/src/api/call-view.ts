import { rfc3339 } from "@sidetone/foundation";
import type { Call } from "../call-model/call.ts";

/** A call as `GET /api/v1/calls` shows it. */
export interface CallView extends Readonly<Record<string, unknown>> {
  readonly parties: readonly { readonly dn: string }[];
}

/** A call as `GET /api/v1/calls` shows it; times are RFC 3339. */
export function callView(call: Call): CallView {
  const time = (micros: number | undefined): string | null => (micros === undefined ? null : rfc3339(micros));
  return {
    connId: call.connId,
    callUuid: call.callUuid,
    callType: call.callType,
    ani: call.ani,
    dnis: call.dnis,
    createdTime: time(call.createdMicros),
    answeredTime: time(call.answeredMicros),
    parties: call.parties.map(({ dn, number, kind, role, state, agentId, recorded }) => ({
      dn,
      number,
      kind,
      role,
      state,
      agentId: agentId ?? null,
      recorded,
    })),
    userData: call.userData,
    recording: {
      state: call.recording.state,
      id: call.recording.id ?? null,
      cause: call.recording.cause ?? null,
    },
  };
}
