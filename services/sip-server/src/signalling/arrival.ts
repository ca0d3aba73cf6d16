import { fail, ok } from "@sidetone/foundation";
import type { SipResponse } from "@sidetone/sip";
import { answeredParties, type Call, type Introduction, type Party, presentParties } from "../call-model/call.ts";
import type { KVList } from "@sidetone/tlib";
import type { Outcome, SwitchFailure } from "../t-library/switch.ts";
import type { CallController, Target } from "./call-controller.ts";
import { Newcomer } from "./newcomer.ts";
import { isExternal } from "./party-number.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { causeOfFailure } from "./release-causes.ts";

/** Why somebody comes into a call that is up. */
export type Arrival =
  /** `party` leaves for it as soon as its phone rings. */
  | { readonly how: "transfer"; readonly party: string; readonly onReached?: () => void }
  | { readonly how: "conference"; readonly party: string }
  /** The routing point `party` let the caller go, who was answered by a treatment. */
  | {
      readonly how: "route";
      readonly party: string;
      readonly onReached?: (id: string) => KVList | undefined;
    };

/** Why a target cannot come in: its DN is in the call. A trunk carries any number of its parties. */
export function inCallAlready(call: Call, { called }: Target): SwitchFailure | undefined {
  if (isExternal(called) || !presentParties(call).some(({ dn }) => dn === called.dn)) return undefined;
  return { error: "InvalidDestination", message: `DN ${called.dn} is in the call already` };
}

/**
 * Rings a target for a call that is up. Who is not to be had changes nothing: the one who asked is told why. Resolves
 * with the id of the party whose phone was reached.
 */
export function bringIn(controller: CallController, target: Target, arrival: Arrival): Promise<Outcome<string>> {
  const { call, context, log, path } = controller;
  const twice = inCallAlready(call, target);
  if (twice !== undefined) return Promise.resolve(fail(twice));
  const by = call.parties.find(({ id }) => id === arrival.party);
  const id = controller.parties.reserveId(controller.call);
  const introduction: Introduction | undefined =
    arrival.how === "route" || by === undefined ? undefined : { how: arrival.how, party: by.id, number: by.number };
  const party: Party = { ...controller.parties.called(id, target), introduction };
  const staying = answeredParties(call).filter((one) => arrival.how !== "transfer" || one.id !== arrival.party);
  const [peer] = staying;
  const shown = arrival.how === "conference" ? by : peer;
  const plan = controller.parties.planFor(target.called);
  return new Promise((resolve) => {
    const newcomer = new Newcomer({
      context,
      log,
      path,
      callee: { party: id, dn: target.called.dn, config: target.called },
      targets: target.targets,
      from: controller.parties.identityOf(shown ?? party),
      contactUser: shown === undefined || shown.kind === "external" ? (shown?.number ?? id) : shown.dn,
      mixed: arrival.how === "conference" || plan.path === "anchored" || staying.length > 1,
      peer: peer === undefined ? undefined : controller.phones.get(peer.id),
      newStamp: () => controller.parties.newStamp(),
      apply: (input) => controller.apply(input),
      onRung: (session, trunk) => controller.ownsDialog(session.callId, trunk ?? target.called.dn),
      onReached: () => {
        controller.parties.giveBackId(id);
        reached(controller, party, arrival);
        resolve(ok(id));
      },
      onAnswered: (leg, response, { trunk }) => {
        controller.parties.answeredOver(leg.party, trunk);
        void takeIn(controller, leg, response);
      },
      onFailed: ({ status, reason }) => {
        controller.phones.setRinger(id, undefined);
        controller.parties.giveBackId(id);
        // Of one that was reached the model says it; for anyone else nothing has happened.
        if (controller.call.parties.some((one) => one.id === id)) controller.partyGone(id, causeOfFailure(status));
        resolve(
          fail({
            error: status === 503 && !isExternal(target.called) ? "OutOfService" : "InvalidDestination",
            message: `${target.calledNumber} could not be reached: ${status} ${reason}`,
          }),
        );
      },
      onCancelled: () => {
        controller.parties.giveBackId(id);
        // Who asked still waits, where it was not reached: every request is answered.
        resolve(
          fail({ error: "InvalidState", message: `call ${call.connId} was over before ${target.calledNumber} rang` }),
        );
      },
    });
    controller.phones.setRinger(id, newcomer);
    void newcomer.start();
  });
}

function reached(controller: CallController, party: Party, arrival: Arrival): void {
  switch (arrival.how) {
    case "transfer": {
      const leaver = controller.phones.get(arrival.party);
      controller.phones.remove(arrival.party);
      controller.apply({ kind: "party-transferred", party: arrival.party, target: party });
      arrival.onReached?.();
      leaver?.session.terminate();
      // R25: who leaves takes its recording along, though the target rings still.
      void controller.path.leave(arrival.party).then(() => controller.recording.partiesChanged());
      return;
    }
    case "conference":
      controller.apply({ kind: "party-added", party });
      return;
    case "route": {
      const extensions = arrival.onReached?.(party.id);
      controller.apply({ kind: "party-routed", party: arrival.party, target: party, extensions });
    }
  }
}

/** A newcomer's phone has answered. */
async function takeIn(controller: CallController, leg: PhoneLeg, response: SipResponse): Promise<void> {
  controller.phones.setRinger(leg.party, undefined);
  if (controller.over) return leg.session.terminate();
  const now = controller.context.clock.wallMicros();
  controller.phones.add(leg);
  controller.apply({ kind: "party-answered", party: leg.party, facts: controller.parties.factsOf(controller.call) });
  await controller.recording.expect(now);
  if (controller.over) return;
  await controller.path.takeIn(leg, response);
  await controller.recording.partiesChanged();
}
