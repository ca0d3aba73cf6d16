import { responsesOf, type TlibRequest } from "@sidetone/tlib";
import { isReservedKey } from "../../call-model/user-data.ts";
import type { Session, TlibContext } from "../context.ts";
import type { SwitchFailure, UserDataChange } from "../switch.ts";
import { admitCall, dnRefusal } from "./admit.ts";

type UserDataRequest = TlibRequest<
  "RequestAttachUserData" | "RequestUpdateUserData" | "RequestDeletePair" | "RequestDeleteUserData"
>;

/**
 * Changes the user data of a call. ThisDN need not be a party (a strategy attaches data on a routing point), so the right
 * is asked for on a party too. Where the change brings no event for ThisDN, `EventACK` answers.
 */
export function changeUserData(context: TlibContext, session: Session, request: UserDataRequest): void {
  const { publisher } = context;
  const { ReferenceID, ThisDN, ConnID } = request.attributes;
  const refusal = dnRefusal(context, session, request.message, ThisDN);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const call = admitCall(context, session, "userdata", ConnID);
  if (!call.ok) return publisher.refuse(session, request, call.error);
  const change = changeOf(request);
  const mistake = changeMistake(session, change, Object.keys(call.value.userData));
  if (mistake !== undefined) return publisher.refuse(session, request, mistake);
  const waiting = context.responses.expect(
    {
      session,
      referenceId: ReferenceID,
      thisDn: ThisDN,
      events: responsesOf.get(request.message) ?? [],
      onOverdue: () => undefined,
    },
    ConnID,
  );
  const changed = context.calls.changeUserData(ConnID, change, ThisDN);
  if (!waiting.settle()) return;
  if (!changed.ok) return publisher.refuse(session, request, changed.error);
  publisher.respond(session, ReferenceID, "EventACK", { ReferenceID, UserEvent: request.message, ThisDN, ConnID });
}

function changeOf(request: UserDataRequest): UserDataChange {
  switch (request.message) {
    case "RequestAttachUserData":
      return { kind: "attach", data: request.attributes.UserData };
    case "RequestUpdateUserData":
      return { kind: "update", data: request.attributes.UserData };
    case "RequestDeletePair":
      return { kind: "delete-pair", key: request.attributes.DataKey };
    case "RequestDeleteUserData":
      return { kind: "delete-all" };
  }
}

/** R22, and the application's list of keys: why it may not write one of these; undefined where it may. */
export function keyMistake(session: Session, keys: readonly string[]): SwitchFailure | undefined {
  const reserved = keys.find((key) => isReservedKey(key));
  if (reserved !== undefined) {
    return { error: "InvalidAttribute", message: `UserData: keys that begin with GSIP_ are SIP Server's` };
  }
  const hidden = keys.find((key) => !session.owner.rights.writes(key));
  if (hidden === undefined) return undefined;
  const key = JSON.stringify(hidden.slice(0, 64));
  return { error: "PermissionDenied", message: `UserData: ${key} is a key that this application may not write` };
}

/** Who does not see a key must not delete it with the others. */
function changeMistake(
  session: Session,
  change: UserDataChange,
  present: readonly string[],
): SwitchFailure | undefined {
  switch (change.kind) {
    case "attach":
    case "update":
      return keyMistake(session, Object.keys(change.data));
    case "delete-pair":
      return keyMistake(session, [change.key]);
    case "delete-all":
      if (present.every((key) => session.owner.rights.sees(key))) return undefined;
      return {
        error: "PermissionDenied",
        message: "the call has user data that this application does not see; delete single pairs",
      };
  }
}
