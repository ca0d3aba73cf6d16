import { callTypeOf, newCall } from "../call-model/call.ts";
import { stepCall } from "../call-model/machine.ts";
import type { FailedAttempt } from "./incoming-invite.ts";
import { kindOf, partyOf } from "./party-number.ts";
import { CALLER } from "./phone-leg.ts";
import type { ServerContext } from "./server-context.ts";

/**
 * tlib-wire.md, "B busy / unknown": a caller who reached nobody is a call of one party, for a moment.
 * @param callId of its INVITE
 */
export function tellOfAttempt(context: ServerContext, attempt: FailedAttempt, callId: string | undefined): void {
  const { caller, callerNumber, dialled, cause } = attempt;
  const { config, ids, clock } = context;
  const agent = context.agentOf?.(caller.dn);
  const party = partyOf(CALLER, caller, callerNumber, "origination", { domain: config.domain, agent });
  const now = clock.wallMicros();
  const call = newCall({
    connId: ids.connIds.next(),
    callUuid: ids.callUuids.next(),
    callType: callTypeOf(kindOf(caller), "internal"),
    ani: party.number,
    dnis: dialled,
    createdMicros: now,
  });
  if (callId !== undefined) {
    const kind = party.kind === "external" ? "trunk" : "phone";
    context.dialogs?.link({ callId, callUuid: call.callUuid, kind, dn: caller.dn });
  }
  const dialling = stepCall(call, { kind: "party-added", party }, now);
  context.onCall(dialling.call, dialling.effects);
  const over = stepCall(dialling.call, { kind: "party-released", party: CALLER, cause }, now);
  context.onCall(over.call, over.effects);
}
