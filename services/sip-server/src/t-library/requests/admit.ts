import type { DnConfig } from "@sidetone/config";
import { fail, ok } from "@sidetone/foundation";
import type { TlibRequest } from "@sidetone/tlib";
import { type Call, presentParties } from "../../call-model/call.ts";
import type { Session, TlibContext } from "../context.ts";
import { type Right, rightOf } from "../rights.ts";
import type { Outcome, SwitchFailure } from "../switch.ts";

/** Why a session may not use a DN for this request; undefined where it may. */
export function dnRefusal(
  context: TlibContext,
  session: Session,
  message: TlibRequest["message"],
  dn: string,
): SwitchFailure | undefined {
  const mode = context.registrations.modeOf(session, dn);
  if (mode === undefined) return { error: "NotRegistered", message: `DN ${dn} is not registered by this session` };
  if (mode === "ModeMonitor") {
    return { error: "PermissionDenied", message: `DN ${dn} is registered in ModeMonitor; register it in ModeShare` };
  }
  return rightRefusal(session, rightOf.get(message) ?? "control", dn);
}

/** Why the application lacks a right on a DN; undefined where it has it. */
export function rightRefusal(session: Session, right: Right, dn: string): SwitchFailure | undefined {
  if (session.owner.rights.may(right, dn)) return undefined;
  return {
    error: "PermissionDenied",
    message: `application ${session.owner.name} lacks the right ${right} on DN ${dn}`,
  };
}

/** A configured DN that the application may see. */
export function admitDn(context: TlibContext, session: Session, dn: string): Outcome<DnConfig> {
  const refusal = rightRefusal(session, "monitor", dn);
  if (refusal !== undefined) return fail(refusal);
  const configured = context.dns().get(dn);
  return configured === undefined
    ? fail({ error: "NotConfigured", message: `DN ${dn} is not configured` })
    : ok(configured);
}

/** A call that is up and of which the application has the right on at least one party. */
export function admitCall(context: TlibContext, session: Session, right: Right, connId: string): Outcome<Call> {
  const call = context.calls.call(connId);
  if (call === undefined || call.endedMicros !== undefined)
    return fail({ error: "InvalidConnID", message: `there is no call ${connId}` });
  if (presentParties(call).some(({ dn }) => session.owner.rights.may(right, dn))) return ok(call);
  return fail({
    error: "PermissionDenied",
    message: `application ${session.owner.name} lacks the right ${right} on every party of call ${connId}`,
  });
}

/** Why a session may not move the party ThisDN of a call, beyond what `dnRefusal` says; undefined where it may. */
export function partyRefusal(
  context: TlibContext,
  session: Session,
  thisDn: string,
  connId: string,
): SwitchFailure | undefined {
  const call = admitCall(context, session, "control", connId);
  if (!call.ok) return call.error;
  if (presentParties(call.value).some(({ dn }) => dn === thisDn)) return undefined;
  return { error: "InvalidState", message: `DN ${thisDn} is no party of call ${connId}` };
}
