import type { KVList, TlibRequest } from "@sidetone/tlib";
import { partiesOf } from "../call-attributes.ts";
import type { Session, TlibContext } from "../context.ts";
import { admitCall, admitDn } from "./admit.ts";
import { addressTypeOf, snapshot } from "./registration.ts";

export function queryServer(context: TlibContext, session: Session, request: TlibRequest<"RequestQueryServer">): void {
  const { ReferenceID } = request.attributes;
  context.publisher.respond(session, ReferenceID, "EventServerInfo", {
    ReferenceID,
    ServerVersion: context.serverVersion,
    ServerRole: "Primary",
  });
}

/** A query needs the right to see the DN, not its registration. */
export function queryAddress(
  context: TlibContext,
  session: Session,
  request: TlibRequest<"RequestQueryAddress">,
): void {
  const { publisher } = context;
  const { ReferenceID, ThisDN, AddressInfoType } = request.attributes;
  const admitted = admitDn(context, session, ThisDN);
  if (!admitted.ok) return publisher.refuse(session, request, admitted.error);
  const dn = admitted.value;
  const facts = { ReferenceID, ThisDN, AddressInfoType };
  if (AddressInfoType === "CallsQuery") {
    const { first, more, sendRest } = snapshot(context, session, ThisDN);
    publisher.respond(session, ReferenceID, "EventAddressInfo", {
      ...facts,
      Calls: first,
      ...(more === 0 ? {} : { MoreCalls: more }),
    });
    sendRest();
    return;
  }
  const agent = context.agents.at(ThisDN);
  const agentFacts: KVList = {
    AgentStatus: agent?.status ?? "LoggedOut",
    ...(agent === undefined ? {} : { AgentID: agent.agentId }),
  };
  const addressFacts: KVList = { AddressType: addressTypeOf(dn), Calls: context.calls.callsOf(ThisDN).length };
  const aboutAgent = AddressInfoType === "AgentStatus" || AddressInfoType === "DNStatus";
  publisher.respond(session, ReferenceID, "EventAddressInfo", {
    ...facts,
    Extensions: aboutAgent ? agentFacts : addressFacts,
  });
}

export function queryCall(context: TlibContext, session: Session, request: TlibRequest<"RequestQueryCall">): void {
  const { ReferenceID, ConnID } = request.attributes;
  const call = admitCall(context, session, "monitor", ConnID);
  if (!call.ok) return context.publisher.refuse(session, request, call.error);
  const { callUuid, callType, userData } = call.value;
  context.publisher.respond(session, ReferenceID, "EventPartyInfo", {
    ReferenceID,
    ConnID,
    CallUUID: callUuid,
    CallType: callType,
    Parties: partiesOf(call.value),
    UserData: session.owner.rights.shown(userData),
  });
}
