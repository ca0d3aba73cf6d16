import type { DnConfig } from "@sidetone/config";
import type { AddressType, CallSnapshot, TlibRequest } from "@sidetone/tlib";
import { MAX_SNAPSHOT_BYTES } from "@sidetone/tlib";
import { snapshotOf } from "../call-attributes.ts";
import type { Session, TlibContext } from "../context.ts";
import { admitDn } from "./admit.ts";

const addressTypes: Readonly<Record<DnConfig["type"], AddressType>> = {
  extension: "DN",
  "acd-position": "Position",
  "routing-point": "RouteDN",
  trunk: "Trunk",
  "trunk-group": "Trunk",
  "voice-treatment-port": "Position",
};

/** What kind of DN it is, in the contract's words. */
export function addressTypeOf(dn: DnConfig): AddressType {
  return addressTypes[dn.type];
}

/** From here on the session sees the DN's events; the calls that are there now come in the answer (tlib-wire.md, "Session" 5). */
export function registerAddress(
  context: TlibContext,
  session: Session,
  request: TlibRequest<"RequestRegisterAddress">,
): void {
  const { publisher, registrations } = context;
  const { ReferenceID, ThisDN, RegisterMode } = request.attributes;
  if (!context.linkUp()) {
    publisher.refuse(session, request, {
      error: "NoSwitchConnection",
      message: "the SIP side is not up; wait for EventLinkConnected",
    });
    return;
  }
  const admitted = admitDn(context, session, ThisDN);
  if (!admitted.ok) return publisher.refuse(session, request, admitted.error);
  const dn = admitted.value;
  const registered = registrations.register(session, ThisDN, RegisterMode ?? "ModeShare");
  if (!registered.ok) {
    const message =
      registered.error === "ResourceSeized"
        ? `another session has registered DN ${ThisDN}, and one of the two wants it in ModePrivate`
        : "this session has registered too many DNs";
    publisher.refuse(session, request, { error: registered.error, message });
    return;
  }
  const { first, more, sendRest } = snapshot(context, session, ThisDN);
  publisher.respond(session, ReferenceID, "EventRegistered", {
    ReferenceID,
    ThisDN,
    AddressType: addressTypeOf(dn),
    Calls: first,
    ...(more === 0 ? {} : { MoreCalls: more }),
  });
  sendRest();
}

export function unregisterAddress(
  context: TlibContext,
  session: Session,
  request: TlibRequest<"RequestUnregisterAddress">,
): void {
  const { ReferenceID, ThisDN } = request.attributes;
  if (!context.registrations.unregister(session, ThisDN)) {
    context.publisher.refuse(session, request, {
      error: "NotRegistered",
      message: `DN ${ThisDN} is not registered by this session`,
    });
    return;
  }
  context.publisher.respond(session, ReferenceID, "EventUnregistered", { ReferenceID, ThisDN });
}

/** The calls of a DN at one instant, in as many messages as they need (tlib-wire.md, "Session" 5). */
export interface Snapshot {
  readonly first: readonly CallSnapshot[];
  /** Calls that `sendRest` sends, to be called right after the first are sent. */
  readonly more: number;
  readonly sendRest: () => void;
}

/** The calls of a DN as the application sees them. */
export function snapshot(context: TlibContext, session: Session, dn: string): Snapshot {
  const { rights } = session.owner;
  const calls = context.calls
    .callsOf(dn)
    .flatMap((call) => snapshotOf(call, dn))
    .map((call) => ({ ...call, UserData: rights.shown(call.UserData) }));
  const [first = [], ...rest] = portions(calls);
  const more = calls.length - first.length;
  const sendRest = (): void => {
    let left = more;
    for (const Calls of rest) {
      left -= Calls.length;
      const facts = { ThisDN: dn, AddressInfoType: "CallsQuery", Calls, MoreCalls: left } as const;
      context.publisher.notify(session, "EventAddressInfo", facts);
    }
  };
  return { first, more, sendRest };
}

/** Calls in portions that fit into one message each; a call alone always does. */
export function portions(
  calls: readonly CallSnapshot[],
  limit = MAX_SNAPSHOT_BYTES,
): readonly (readonly CallSnapshot[])[] {
  const out: CallSnapshot[][] = [];
  let bytes = 0;
  for (const call of calls) {
    const size = Buffer.byteLength(JSON.stringify(call)) + 1;
    const last = out.at(-1);
    if (last === undefined || bytes + size > limit) {
      out.push([call]);
      bytes = size;
    } else {
      last.push(call);
      bytes += size;
    }
  }
  return out;
}
