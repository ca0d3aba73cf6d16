import { errorText } from "@sidetone/foundation";
import { privateMsgIds, type TlibRequest } from "@sidetone/tlib";
import type { Call } from "../../call-model/call.ts";
import type { Session, TlibContext } from "../context.ts";
import { type RecordingExtensions, readRecordingExtensions } from "../recording-extensions.ts";
import type { Outcome, RecordingAction } from "../switch.ts";
import { admitCall, dnRefusal } from "./admit.ts";

type PrivateService = TlibRequest<"RequestPrivateService">;

const actions: ReadonlyMap<number, RecordingAction["kind"]> = new Map([
  [privateMsgIds.start, "start"],
  [privateMsgIds.stop, "stop"],
  [privateMsgIds.pause, "pause"],
  [privateMsgIds.resume, "resume"],
]);

/** R3, R18: starts, stops, pauses or resumes the recording of a call. `EventACK` comes with the switch's yes, before the data event (R21). */
export function privateService(context: TlibContext, session: Session, request: PrivateService): void {
  const { publisher } = context;
  const { PrivateMsgID, ThisDN, ConnID, OtherDN, ReferenceID, Extensions } = request.attributes;
  const kind = actions.get(PrivateMsgID);
  if (kind === undefined) {
    const message = `PrivateMsgID ${PrivateMsgID} is unknown; 3013 starts, 3014 stops, 3015 pauses, 3016 resumes`;
    return publisher.refuse(session, request, { error: "UnsupportedOperation", message });
  }
  const refusal = dnRefusal(context, session, request.message, ThisDN);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const call = admitCall(context, session, "record", ConnID);
  if (!call.ok) return publisher.refuse(session, request, call.error);
  const read = readRecordingExtensions(kind === "start" ? "start" : "change", Extensions, session.owner.destinations);
  if (!read.ok) return publisher.refuse(session, request, read.error);
  const { parameters } = read.value;
  const action: RecordingAction =
    kind === "start"
      ? startAction(read.value, ThisDN, OtherDN, `${session.owner.name}/${ReferenceID}`)
      : { kind, parameters };
  context.calls.record(ConnID, action).then(
    (outcome) => conclude(context, session, request, call.value, kind, outcome),
    (error: unknown) => {
      context.log.error({ connId: ConnID, error: errorText(error) }, "a recording request failed");
      const message = "something went wrong inside; the log of SIP Server says what";
      publisher.refuse(session, request, { error: "OutOfService", message });
    },
  );
}

function startAction(
  read: RecordingExtensions,
  thisDn: string,
  otherDn: string | undefined,
  reference: string,
): RecordingAction {
  const { side, id, dest, dest2, parameters } = read;
  return {
    kind: "start",
    thisDn,
    ...(otherDn === undefined ? {} : { otherDn }),
    side,
    ...(id === undefined ? {} : { id }),
    ...(dest === undefined ? {} : { dest }),
    ...(dest2 === undefined ? {} : { dest2 }),
    parameters,
    reference,
  };
}

function conclude(
  context: TlibContext,
  session: Session,
  request: PrivateService,
  call: Call,
  kind: RecordingAction["kind"],
  outcome: Outcome,
): void {
  const { attributes } = request;
  if (!outcome.ok) return context.publisher.refuse(session, request, outcome.error);
  const { ReferenceID, PrivateMsgID, ThisDN, ConnID } = attributes;
  context.publisher.respond(session, ReferenceID, "EventACK", {
    ReferenceID,
    UserEvent: request.message,
    PrivateMsgID,
    ThisDN,
    ConnID,
  });
  const { OtherDN, Extensions, Reasons } = attributes;
  const data = {
    session: session.id,
    referenceId: ReferenceID,
    thisDn: ThisDN,
    connId: ConnID,
    callUuid: call.callUuid,
    otherDn: OtherDN,
    extensions: Extensions,
    reasons: Reasons,
  };
  context.audit
    .append({
      actor: session.owner.name,
      action: `recording-${kind}`,
      subject: ConnID,
      outcome: "accepted",
      data,
    })
    .catch((error: unknown) => {
      context.log.error({ ...data, error: errorText(error) }, "an accepted recording request is missing in the audit");
    });
}
