import { errorText } from "@sidetone/foundation";
import { type RequestName, responsesOf, type TlibRequest } from "@sidetone/tlib";
import type { Session, TlibContext } from "../context.ts";
import type { Waiting } from "../responses.ts";
import { pickUpTimeoutMs } from "../limits.ts";
import { requesterOf } from "../publisher.ts";
import type { Outcome } from "../switch.ts";
import { dnRefusal, partyRefusal } from "./admit.ts";
import { keyMistake } from "./user-data.ts";

/** Requests that an event about the call answers. */
type EventAnswered = Extract<
  RequestName,
  | "RequestMakeCall"
  | "RequestRouteCall"
  | `Request${"Answer" | "Release" | "Hold" | "Retrieve" | "Reconnect" | "Alternate"}Call`
  | `Request${string}Transfer`
  | `Request${string}Conference`
>;
type CallRequest = TlibRequest<"RequestAnswerCall" | "RequestReleaseCall" | "RequestHoldCall" | "RequestRetrieveCall">;

/** Requests whose event comes when somebody has picked up a phone. */
const picksUp: ReadonlySet<RequestName> = new Set(["RequestSingleStepConference", "RequestRouteCall"]);

/** A request on one party of a call. The event that the switch causes is the response. */
export function controlCall(context: TlibContext, session: Session, request: CallRequest): void {
  const { calls, publisher } = context;
  const { ThisDN, ConnID } = request.attributes;
  const refusal =
    dnRefusal(context, session, request.message, ThisDN) ?? partyRefusal(context, session, ThisDN, ConnID);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const waiting = expectEvent(context, session, request, ThisDN, ConnID);
  const asked = (): Promise<Outcome> => {
    switch (request.message) {
      case "RequestAnswerCall":
        return calls.answerCall(ConnID, ThisDN);
      case "RequestReleaseCall":
        return calls.releaseCall(ConnID, ThisDN);
      case "RequestHoldCall":
        return calls.holdCall(ConnID, ThisDN);
      case "RequestRetrieveCall":
        return calls.retrieveCall(ConnID, ThisDN);
    }
  };
  void refuseWhereFailed(context, session, request, waiting, asked());
}

/** The caller's phone is rung first, or answers by itself; `EventDialing` is the response. */
export function makeCall(context: TlibContext, session: Session, request: TlibRequest<"RequestMakeCall">): void {
  const { ThisDN, OtherDN, UserData } = request.attributes;
  const { publisher } = context;
  const refusal = dnRefusal(context, session, request.message, ThisDN);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const mistake = keyMistake(session, Object.keys(UserData ?? {}));
  if (mistake !== undefined) return publisher.refuse(session, request, mistake);
  const waiting = expectEvent(context, session, request, ThisDN, undefined);
  const made = context.calls.makeCall({
    from: ThisDN,
    to: OtherDN,
    userData: UserData ?? {},
    onCall: (connId) => {
      waiting.about(connId);
      context.trace.request(requesterOf(session), request, connId);
    },
  });
  void refuseWhereFailed(context, session, request, waiting, made);
}

/** The event that the switch will cause is the response; `connId` undefined: of a call that is not there yet. */
export function expectEvent(
  context: TlibContext,
  session: Session,
  request: TlibRequest<EventAnswered>,
  thisDn: string,
  connId: string | undefined,
): Waiting {
  return context.responses.expect(
    {
      session,
      referenceId: request.attributes.ReferenceID,
      thisDn,
      events: responsesOf.get(request.message) ?? [],
      ...(picksUp.has(request.message) ? { patienceMs: pickUpTimeoutMs } : {}),
      onOverdue: () =>
        context.publisher.refuse(session, request, {
          error: "Timeout",
          message: `the phone of DN ${thisDn} did not do it in time`,
        }),
    },
    connId,
  );
}

/** Where the switch says no, that is the response. */
export async function refuseWhereFailed(
  context: TlibContext,
  session: Session,
  request: TlibRequest,
  waiting: Waiting,
  asked: Promise<Outcome<unknown>>,
): Promise<void> {
  try {
    const outcome = await asked;
    if (!outcome.ok && waiting.settle()) context.publisher.refuse(session, request, outcome.error);
  } catch (error) {
    context.log.error({ message: request.message, error: errorText(error) }, "a T-Library request failed");
    if (waiting.settle()) {
      const message = "something went wrong inside; the log of SIP Server says what";
      context.publisher.refuse(session, request, { error: "OutOfService", message });
    }
  }
}
