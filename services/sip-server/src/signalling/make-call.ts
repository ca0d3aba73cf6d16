import { fail, ok } from "@sidetone/foundation";
import { Params } from "@sidetone/sip";
import type { UserData } from "../call-model/call.ts";
import type { Outcome } from "../t-library/switch.ts";
import type { CallFacts } from "./call-controller.ts";
import { resolveNumber } from "./destination.ts";
import { identityOf, isExternal, partyOf } from "./party-number.ts";
import { CALLED } from "./phone-leg.ts";
import { reachable, reachableOrQueue } from "./reachable.ts";
import type { ServerContext } from "./server-context.ts";

/** RequestMakeCall, its rights and user data checked before. */
export interface MakeCallWish {
  /** DN of who wants to call. */
  readonly from: string;
  readonly to: string;
  readonly userData: UserData;
  readonly onCall: (connId: string) => void;
}

/**
 * Rings the phone of who wants to call, with an INVITE without an offer (RFC 3725); a phone that understands
 * `Call-Info: ...;answer-after=0` answers by itself. Of several contacts the best one rings.
 */
export function dialForCaller(context: ServerContext, wish: MakeCallWish): Outcome<CallFacts> {
  const { dns, domain } = context.config;
  const caller = dns.get(wish.from);
  if (caller === undefined || isExternal(caller)) {
    return fail({ error: "NotConfigured", message: `DN ${wish.from} is no DN with a phone of ours` });
  }
  const target = resolveNumber(wish.to, context.directory);
  if (target.kind === "refused") return fail({ error: "InvalidDestination", message: `${wish.to}: no such number` });
  const there = reachableOrQueue(context, target.dn, target.number);
  if (!there.ok) return fail({ error: "InvalidDestination", message: `${wish.to}: ${there.error}` });
  const phone = reachable(context, caller, caller.dn);
  const [contact] = phone.ok ? phone.value.targets : [];
  if (contact === undefined)
    return fail({ error: "InvalidState", message: `the phone of ${wish.from} is not registered` });
  const { called } = there.value;
  const shown = partyOf(CALLED, called, target.number, "destination", { domain, agent: undefined });
  const session = context.endpoint.invite({
    uri: contact.uri,
    to: contact.destination,
    from: identityOf(shown, domain, undefined, new Params()),
    contactUser: isExternal(called) ? target.number : called.dn,
    headers: [["Call-Info", `<sip:${domain}>;answer-after=0`]],
  });
  return ok({
    session,
    origin: "dialled",
    localAddress: session.invite.contact?.uri.host ?? domain,
    offer: Buffer.alloc(0),
    caller,
    callerNumber: caller.dn,
    callerName: undefined,
    ...there.value,
    calledNumber: target.number,
    userData: wish.userData,
  });
}
