import type { DnConfig } from "@sidetone/config";
import type { InviteSession, ServerTransaction } from "@sidetone/sip";
import { type Party, presentParties } from "../call-model/call.ts";
import type { Target } from "./call-controller.ts";
import type { Calls } from "./calls.ts";
import type { InCall } from "./consultation.ts";
import { isExternal } from "./party-number.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { type DialogName, readReplaces } from "./replaces.ts";

const SDP = "application/sdp";

/** Whose phone wants to take another one's place. */
export interface Replacer {
  readonly dn: DnConfig;
  readonly number: string;
  /** Empty where the offer is left to us. */
  readonly offer: Buffer;
}

/**
 * RFC 3891: an INVITE whose dialog takes the place of a phone's in its call. Of the same DN only the phone changes, and
 * no client hears of it; another DN's is a transfer by the one whose place it takes. Answers the INVITE; the old dialog
 * gets its BYE behind the 200.
 */
export async function replacePhone(calls: Calls, tx: ServerTransaction, replacer: Replacer): Promise<void> {
  const found = findReplaced(calls, tx);
  if ("status" in found) return tx.respond(found.status, { reason: found.reason });
  const { controller, party } = found;
  const same = party.dn === replacer.dn.dn && (!isExternal(replacer.dn) || party.number === replacer.number);
  const session = calls.context.endpoint.accept(tx, { contactUser: party.number });
  const id = same ? party.id : controller.parties.reserveId(controller.call);
  const leg: PhoneLeg = { party: id, dn: replacer.dn.dn, session, stamp: controller.parties.newStamp() };
  const answer = await controller.path.answerInPlaceOf(party.id, leg, replacer.offer);
  controller.parties.giveBackId(id);
  if (answer.status >= 300 || answer.body === undefined) {
    return session.reject(answer.status >= 300 ? answer.status : 488, reasonOf(answer.reason));
  }
  const present = presentParties(controller.call).some((one) => one.id === party.id);
  if (session.state === "ended" || !present) {
    session.reject(481);
    if (!controller.over) await controller.path.putBack(party.id, leg);
    return;
  }
  session.accept({ body: leg.stamp.stamp(answer.body), contentType: SDP });
  controller.log.info({ dn: party.dn, by: replacer.dn.dn }, "a phone took another one's place");
  if (same) samePartyGoesOn(found, leg, replacer.offer);
  else await anotherComes(found, leg, replacer);
}

type Refused = { readonly status: number; readonly reason: string };

/** RFC 3891 3: the party whose dialog is named, or why its place cannot be taken. */
function findReplaced(calls: Calls, { request }: ServerTransaction): InCall | Refused {
  const values = request.headers.list("Replaces");
  const [text = ""] = values;
  const name = values.length === 1 ? readReplaces(text) : undefined;
  if (name === undefined) return { status: 400, reason: "Malformed Replaces" };
  const found = calls.byDialog(name);
  if (found === undefined) return refusalOf(calls, name);
  const { controller, party } = found;
  // Only an early dialog of a phone that we rang could be replaced; this one called us.
  if (controller.phones.get(party.id)?.session.state !== "confirmed")
    return { status: 481, reason: "Early Dialog Of A Caller" };
  if (name.earlyOnly) return { status: 486, reason: "Answered Already" };
  if (controller.isConsultation || controller.path.isAway(party.id)) return { status: 486, reason: "In Two Calls" };
  return found;
}

function refusalOf(calls: Calls, name: DialogName): Refused {
  return calls.hasEnded(name)
    ? { status: 603, reason: "Dialog Is Over" }
    : { status: 481, reason: "Dialog Does Not Exist" };
}

function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

function samePartyGoesOn({ controller, party }: InCall, leg: PhoneLeg, offer: Buffer): void {
  const old = controller.phones.get(party.id);
  controller.phones.add(leg);
  controller.path.takeOver(party.id, leg, offer);
  old?.session.terminate();
}

async function anotherComes(
  { controller, party }: InCall,
  leg: PhoneLeg,
  { dn, number, offer }: Replacer,
): Promise<void> {
  const target: Target = { called: dn, calledNumber: number, targets: [] };
  const newcomer: Party = controller.parties.called(leg.party, target);
  const old: InviteSession | undefined = controller.phones.get(party.id)?.session;
  const now = controller.context.clock.wallMicros();
  controller.phones.remove(party.id);
  controller.apply({ kind: "party-transferred", party: party.id, target: newcomer });
  // tlib-wire.md, "Single-step transfer": clients see who comes ring.
  controller.apply({ kind: "party-ringing", party: leg.party });
  controller.path.takeOver(party.id, leg, offer);
  controller.phones.add(leg);
  old?.terminate();
  controller.apply({ kind: "party-answered", party: leg.party, facts: controller.parties.factsOf(controller.call) });
  await controller.recording.expect(now);
  if (controller.over) return;
  await controller.path.settle();
  await controller.recording.partiesChanged();
}
