import { fail, ok } from "@sidetone/foundation";
import { answeredParties, type Party, presentParties, type UserData } from "../call-model/call.ts";
import { mergeCalls, type MergeKind } from "../call-model/merge.ts";
import { isReservedKey } from "../call-model/user-data.ts";
import type { Outcome } from "../t-library/switch.ts";
import { CallController, type CallFacts, type CallSurroundings, type Target } from "./call-controller.ts";
import { CALLER, type PhoneLeg } from "./phone-leg.ts";

/** A party in its call. */
export interface InCall {
  readonly controller: CallController;
  readonly party: Party;
}

/**
 * R27: who talks in a call begins a consultation: that call waits, and the same phone calls the target. The new call is
 * to be started by the caller, once everybody knows of it.
 */
export async function beginConsultation(
  { controller, party }: InCall,
  target: Target,
  o: { readonly userData: UserData; readonly surroundings: CallSurroundings },
): Promise<Outcome<CallController>> {
  const { context, call, path } = controller;
  const leg = controller.phones.get(party.id);
  const dn = context.config.dns.get(party.dn);
  if (leg?.session.state !== "confirmed" || dn === undefined) {
    return fail({ error: "InvalidState", message: `DN ${party.dn} has no phone that is up in call ${call.connId}` });
  }
  if (party.state !== "connected" && party.state !== "held") {
    return fail({ error: "InvalidState", message: `DN ${party.dn} is ${party.state} in call ${call.connId}` });
  }
  const offer = leg.session.remoteSdp;
  if (offer === undefined) return fail({ error: "InvalidState", message: `the phone of ${party.dn} has no media` });
  const refusal = await path.goAway(party.id);
  if (refusal !== undefined) {
    void path.comeBack(party.id);
    return fail({ error: "InvalidState", message: refusal });
  }
  // Its phone may have hung up while the others were told.
  if ((leg.session.state as string) !== "confirmed" || controller.phones.get(party.id) !== leg) {
    return fail({ error: "InvalidState", message: `the phone of ${party.dn} has hung up` });
  }
  controller.apply({ kind: "party-held", party: party.id });
  const copied = Object.entries(call.userData).filter(([key]) => !isReservedKey(key));
  const facts: CallFacts = {
    ...target,
    session: leg.session,
    origin: "consultation",
    consultOf: { connId: call.connId, leg },
    localAddress: leg.session.invite.contact?.uri.host ?? context.config.domain,
    offer,
    caller: dn,
    callerNumber: party.number,
    callerName: undefined,
    userData: { ...Object.fromEntries(copied), ...o.userData },
  };
  return ok(new CallController(context, facts, o.surroundings));
}

/** The consultation is over without a transfer, or was never answered: its phone talks in the first call again. */
export async function reconnect(main: InCall, consult: InCall): Promise<Outcome> {
  consult.controller.partyGone(consult.party.id, "released");
  return comeBack(main);
}

/** The phone leaves one call waiting and talks in the other. */
export async function alternate(active: InCall, held: InCall): Promise<Outcome> {
  const { dn, state } = active.party;
  if (state !== "connected" || held.party.state !== "held") {
    const message = `DN ${dn} is ${state} in the active call and ${held.party.state} in the other`;
    return fail({ error: "InvalidState", message });
  }
  const refusal = await active.controller.path.goAway(active.party.id);
  if (refusal !== undefined) return fail({ error: "InvalidState", message: refusal });
  active.controller.apply({ kind: "party-held", party: active.party.id });
  return comeBack(held);
}

/** A phone that was in a consultation is in its first call again. */
export async function comeBack({ controller, party }: InCall): Promise<Outcome> {
  const refusal = await controller.path.comeBack(party.id);
  if (refusal !== undefined) return fail({ error: "InvalidState", message: refusal });
  controller.apply({ kind: "party-retrieved", party: party.id });
  return ok(undefined);
}

/**
 * Two calls become one: the consultation's other parties go on in the first call, in the place of who consulted
 * (transfer) or beside it (conference). The model says so first; then the media follow. Who rings still is adopted when
 * it answers.
 */
export async function completeConsultation(kind: MergeKind, main: InCall, consult: InCall): Promise<Outcome> {
  const { controller } = main;
  const leaving = consult.controller;
  const merged = mergeCalls(
    {
      kind,
      main: controller.call,
      party: main.party.id,
      consult: leaving.call,
      consultParty: consult.party.id,
      facts: leaving.parties.factsElsewhere(leaving.call),
    },
    controller.context.clock.wallMicros(),
  );
  if (merged === undefined) {
    return fail({ error: "InvalidState", message: "the two calls cannot be joined as they are now" });
  }
  const own = controller.phones.get(main.party.id);
  const there = leaving.phones.get(consult.party.id);
  const oneDialog = own?.session === there?.session;
  const wasAnchored = controller.path.anchor !== undefined;
  const newcomers = Array.from(merged.moved, ([from, to]) => ({ from, to, leg: leaving.phones.get(from) }));
  for (const { to, leg } of newcomers) if (leg === undefined) ringsOn(main, leaving, to);
  leaving.path.letGo();
  for (const { from } of newcomers) leaving.phones.remove(from);
  leaving.phones.remove(consult.party.id);
  if (kind === "transfer") controller.phones.remove(main.party.id);
  leaving.carryOut(merged.consult);
  controller.carryOut(merged.main);
  if (!oneDialog) there?.session.terminate();
  let gone = kind === "conference";
  const letGo = (): void => {
    if (gone) return;
    gone = true;
    own?.session.terminate();
    controller.path.drop(main.party.id);
  };
  if (kind === "conference") controller.path.gather(main.party.id);
  // At a Media Server who comes is there before who goes has left: nobody hears a hole, nor does the recording.
  else if (!wasAnchored) letGo();
  const arrived = newcomers.flatMap(({ to, leg }) => (leg === undefined ? [] : [{ ...leg, party: to }]));
  for (const moved of arrived) controller.phones.add(moved);
  for (const moved of arrived) {
    await adopt(controller, moved, { conference: oneDialog && kind === "conference", letGo });
  }
  letGo();
  // A phone that was in the consultation is shown its place in the conference, where the others are already.
  if (kind === "conference" && oneDialog && wasAnchored) await controller.path.comeBack(main.party.id);
  await controller.path.settle();
  await controller.recording.partiesChanged();
  return ok(undefined);
}

/** The consulted party's phone still rings: whoever answers it, or not, is the surviving call's. */
function ringsOn({ controller }: InCall, consultation: CallController, id: string): void {
  const ringer = consultation.handOver({
    rings: () => controller.apply({ kind: "party-ringing", party: id }),
    answered(leg) {
      controller.phones.setRinger(id, undefined);
      if (controller.over) leg.session.terminate();
      else void arrive(controller, { ...leg, party: id });
    },
    failed(cause) {
      controller.phones.setRinger(id, undefined);
      controller.partyGone(id, cause);
    },
  });
  controller.phones.setRinger(id, ringer);
}

async function arrive(controller: CallController, leg: PhoneLeg): Promise<void> {
  const now = controller.context.clock.wallMicros();
  controller.phones.add(leg);
  controller.apply({ kind: "party-answered", party: leg.party, facts: controller.parties.factsOf(controller.call) });
  await controller.recording.expect(now);
  if (controller.over) return;
  await adopt(controller, leg, { conference: false, letGo: () => undefined });
  await controller.path.settle();
  await controller.recording.partiesChanged();
}

/** `letGo`: whose place it takes leaves now, where that has not happened yet. */
async function adopt(
  controller: CallController,
  leg: PhoneLeg,
  { conference, letGo }: { readonly conference: boolean; readonly letGo: () => void },
): Promise<void> {
  const party = presentParties(controller.call).find(({ id }) => id === leg.party);
  const config = party === undefined ? undefined : controller.context.config.dns.get(party.dn);
  const several = answeredParties(controller.call).length > 2;
  const anchored = config !== undefined && controller.parties.planFor(config).path === "anchored";
  const taken = await controller.path.adopt(leg, {
    mixed: conference || several || anchored,
    onJoined: () => controller.recording.partiesChanged(),
  });
  if (taken.ok) return;
  controller.log.error(
    { reason: taken.error, party: leg.party },
    "a phone could not be taken into the call that it was transferred to",
  );
  letGo();
  // Without a Media Server two phones can still talk, unrecorded.
  if (!several) await controller.path.adopt(leg, { mixed: false, onJoined: () => Promise.resolve() });
}

/** The party of the same phone in a consultation that was begun from a call. */
export function callerOf(consultation: CallController): Party | undefined {
  return presentParties(consultation.call).find(({ id }) => id === CALLER);
}
