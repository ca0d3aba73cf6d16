import type { TlibRequest } from "@sidetone/tlib";
import type { Session, TlibContext } from "../context.ts";
import { requesterOf } from "../publisher.ts";
import type { Outcome } from "../switch.ts";
import { dnRefusal, partyRefusal } from "./admit.ts";
import { expectEvent, refuseWhereFailed } from "./call-control.ts";
import { keyMistake } from "./user-data.ts";

type Initiate = TlibRequest<"RequestInitiateTransfer" | "RequestInitiateConference">;
type SingleCall = TlibRequest<
  "RequestMuteTransfer" | "RequestSingleStepTransfer" | "RequestSingleStepConference" | "RequestDeleteFromConference"
>;
type TwoCalls = TlibRequest<
  "RequestCompleteTransfer" | "RequestCompleteConference" | "RequestReconnectCall" | "RequestAlternateCall"
>;

/** A consultation; `EventDialing` on its ConnID is the response. */
export function initiate(context: TlibContext, session: Session, request: Initiate): void {
  const { ThisDN, ConnID, OtherDN, UserData } = request.attributes;
  if (!admit(context, session, request, ConnID)) return;
  const waiting = expectEvent(context, session, request, ThisDN, undefined);
  const begun = context.calls.consult(ConnID, ThisDN, {
    to: OtherDN,
    userData: UserData ?? {},
    onCall: (connId) => {
      waiting.about(connId);
      context.trace.request(requesterOf(session), request, connId);
    },
  });
  void refuseWhereFailed(context, session, request, waiting, begun);
}

/** What concerns one call and somebody who comes or goes. */
export function changeParties(context: TlibContext, session: Session, request: SingleCall): void {
  const { ThisDN, ConnID, OtherDN } = request.attributes;
  if (!admit(context, session, request, ConnID)) return;
  const { calls } = context;
  const wish = { to: OtherDN, userData: "UserData" in request.attributes ? (request.attributes.UserData ?? {}) : {} };
  const waiting = expectEvent(context, session, request, ThisDN, ConnID);
  const asked = (): Promise<Outcome> => {
    switch (request.message) {
      case "RequestMuteTransfer":
        return calls.muteTransfer(ConnID, ThisDN, wish);
      case "RequestSingleStepTransfer":
        return calls.singleStep("transfer", ConnID, ThisDN, wish);
      case "RequestSingleStepConference":
        return calls.singleStep("conference", ConnID, ThisDN, wish);
      case "RequestDeleteFromConference":
        return calls.deleteFromConference(ConnID, ThisDN, OtherDN);
    }
  };
  void refuseWhereFailed(context, session, request, waiting, asked());
}

/**
 * What concerns a call and the consultation that was begun from it. In Complete... ConnID is the held call; in Reconnect
 * and Alternate it is the active one, and the response is about the held one, PreviousConnID.
 */
export function changeCalls(context: TlibContext, session: Session, request: TwoCalls): void {
  const { ThisDN, ConnID } = request.attributes;
  const other =
    "TransferConnID" in request.attributes ? request.attributes.TransferConnID : request.attributes.PreviousConnID;
  if (!admit(context, session, request, ConnID) || !admit(context, session, request, other)) return;
  const { calls } = context;
  const completes = request.message === "RequestCompleteTransfer" || request.message === "RequestCompleteConference";
  const waiting = expectEvent(context, session, request, ThisDN, completes ? ConnID : other);
  const asked = (): Promise<Outcome> => {
    switch (request.message) {
      case "RequestCompleteTransfer":
        return calls.complete("transfer", ConnID, ThisDN, other);
      case "RequestCompleteConference":
        return calls.complete("conference", ConnID, ThisDN, other);
      case "RequestReconnectCall":
        return calls.reconnect(ConnID, ThisDN, other);
      case "RequestAlternateCall":
        return calls.alternate(ConnID, ThisDN, other);
    }
  };
  void refuseWhereFailed(context, session, request, waiting, asked());
}

/** True where ThisDN is a party of the call and the session may move it; else the request is refused. */
function admit(
  context: TlibContext,
  session: Session,
  request: Initiate | SingleCall | TwoCalls,
  connId: string,
): boolean {
  const { ThisDN } = request.attributes;
  const refused =
    dnRefusal(context, session, request.message, ThisDN) ??
    mistakeOf(session, request) ??
    partyRefusal(context, session, ThisDN, connId);
  if (refused !== undefined) context.publisher.refuse(session, request, refused);
  return refused === undefined;
}

function mistakeOf(session: Session, request: Initiate | SingleCall | TwoCalls): ReturnType<typeof keyMistake> {
  const { attributes } = request;
  return keyMistake(session, Object.keys("UserData" in attributes ? (attributes.UserData ?? {}) : {}));
}
