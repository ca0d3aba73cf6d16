import type { TlibRequest } from "@sidetone/tlib";
import type { Session, TlibContext } from "../context.ts";
import { requesterOf } from "../publisher.ts";
import { changeAgent } from "./agents.ts";
import { controlCall, makeCall } from "./call-control.ts";
import { queryAddress, queryCall, queryServer } from "./queries.ts";
import { privateService } from "./recording.ts";
import { registerAddress, unregisterAddress } from "./registration.ts";
import { routeCall } from "./routing.ts";
import { changeCalls, changeParties, initiate } from "./transfers.ts";
import { changeUserData } from "./user-data.ts";

/** Runs a request that the session has let through. It is answered exactly once, now or when the switch is done. */
export function runRequest(context: TlibContext, session: Session, request: TlibRequest): void {
  if ("ConnID" in request.attributes) {
    context.trace.request(requesterOf(session), request, request.attributes.ConnID);
  }
  switch (request.message) {
    case "RequestQueryServer":
      return queryServer(context, session, request);
    case "RequestRegisterAddress":
      return registerAddress(context, session, request);
    case "RequestUnregisterAddress":
      return unregisterAddress(context, session, request);
    case "RequestQueryAddress":
      return queryAddress(context, session, request);
    case "RequestQueryCall":
      return queryCall(context, session, request);
    case "RequestAgentLogin":
    case "RequestAgentLogout":
    case "RequestAgentReady":
    case "RequestAgentNotReady":
      return changeAgent(context, session, request);
    case "RequestMakeCall":
      return makeCall(context, session, request);
    case "RequestAnswerCall":
    case "RequestReleaseCall":
    case "RequestHoldCall":
    case "RequestRetrieveCall":
      return controlCall(context, session, request);
    case "RequestAttachUserData":
    case "RequestUpdateUserData":
    case "RequestDeletePair":
    case "RequestDeleteUserData":
      return changeUserData(context, session, request);
    case "RequestPrivateService":
      return privateService(context, session, request);
    case "RequestInitiateTransfer":
    case "RequestInitiateConference":
      return initiate(context, session, request);
    case "RequestMuteTransfer":
    case "RequestSingleStepTransfer":
    case "RequestSingleStepConference":
    case "RequestDeleteFromConference":
      return changeParties(context, session, request);
    case "RequestCompleteTransfer":
    case "RequestCompleteConference":
    case "RequestReconnectCall":
    case "RequestAlternateCall":
      return changeCalls(context, session, request);
    case "RequestRouteCall":
      return routeCall(context, session, request);
  }
}
