import type { KVList, TlibRequest } from "@sidetone/tlib";
import type { Session, TlibContext } from "../context.ts";
import { readRecordingExtensions } from "../recording-extensions.ts";
import type { Outcome, RouteRecording, RouteWish } from "../switch.ts";
import { fail, ok } from "@sidetone/foundation";
import { admitCall, dnRefusal } from "./admit.ts";
import { expectEvent, refuseWhereFailed } from "./call-control.ts";

const types: ReadonlySet<string> = new Set(["Default", "Direct", "Reject", "AgentID"]);
/** R2: keys of RouteCall's Extensions beside those of a recording's start. */
const disabling = new Map([
  ["disable_source", "disableSource"],
  ["disable_destination", "disableDestination"],
] as const);

/** A strategy's answer to `EventRouteRequest`; `EventRouteUsed` is the response. */
export function routeCall(context: TlibContext, session: Session, request: TlibRequest<"RequestRouteCall">): void {
  const { ThisDN, ConnID, OtherDN, RouteType, Extensions } = request.attributes;
  const { publisher, calls } = context;
  const refusal = dnRefusal(context, session, request.message, ThisDN);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const call = admitCall(context, session, "route", ConnID);
  if (!call.ok) return publisher.refuse(session, request, call.error);
  if (RouteType !== undefined && !types.has(RouteType)) {
    const message = `RouteType ${RouteType} is not served; Default, Direct, Reject and AgentID are`;
    return publisher.refuse(session, request, { error: "InvalidAttribute", message });
  }
  const recording = readRouteRecording(session, ThisDN, Extensions);
  if (!recording.ok) return publisher.refuse(session, request, recording.error);
  const type = (RouteType ?? "Direct") as RouteWish["type"];
  const waiting = expectEvent(context, session, request, ThisDN, ConnID);
  const routed = calls.route(ConnID, ThisDN, { type, to: OtherDN, recording: recording.value, userData: {} });
  if (type !== "Reject") return void refuseWhereFailed(context, session, request, waiting, routed);
  // Nothing is used by a rejection: the response says that it was done.
  void refuseWhereFailed(context, session, request, waiting, routed).then(() => {
    if (!waiting.settle()) return;
    publisher.respond(session, request.attributes.ReferenceID, "EventRouteUsed", {
      ReferenceID: request.attributes.ReferenceID,
      ThisDN,
      ConnID,
      CallUUID: call.value.callUuid,
      CallType: call.value.callType,
    });
  });
}

/** R2, R7: what of the Extensions concerns the recording. A `record` needs the right of that name. */
function readRouteRecording(session: Session, thisDn: string, extensions: KVList | undefined): Outcome<RouteRecording> {
  const rest: Record<string, KVList[string]> = {};
  const flags = { disableSource: false, disableDestination: false };
  let side: "source" | "destination" | undefined;
  for (const [name, value] of Object.entries(extensions ?? {})) {
    const flag = disabling.get(name.toLowerCase() as "disable_source");
    if (flag === undefined) {
      rest[name] = value;
      if (name.toLowerCase() === "record") side = value === "source" ? "source" : "destination";
      continue;
    }
    const text = typeof value === "object" ? "" : String(value).toLowerCase();
    if (!["true", "false", "1", "0"].includes(text)) {
      return fail({ error: "InvalidAttribute", message: `Extensions: ${name} must be true or false` });
    }
    flags[flag] = text === "true" || text === "1";
  }
  const read = readRecordingExtensions("start", rest, session.owner.destinations);
  if (!read.ok) return read;
  const { id, dest, dest2, parameters } = read.value;
  const wanted = side !== undefined || flags.disableSource || flags.disableDestination;
  if (wanted && !session.owner.rights.may("record", thisDn)) {
    const message = `application ${session.owner.name} lacks the right record on DN ${thisDn}`;
    return fail({ error: "PermissionDenied", message });
  }
  return ok({ side, ...flags, suppress: session.owner.rights.may("suppress", thisDn), id, dest, dest2, parameters });
}
