import { fail, ok } from "@sidetone/foundation";
import { answeredParties, presentParties } from "../call-model/call.ts";
import type { Outcome, SwitchFailure, TransferWish } from "../t-library/switch.ts";
import type { CallController, Target } from "./call-controller.ts";
import type { Calls } from "./calls.ts";
import {
  alternate,
  beginConsultation,
  callerOf,
  comeBack,
  completeConsultation,
  type InCall,
  reconnect,
} from "./consultation.ts";
import { resolveNumber } from "./destination.ts";
import { reachable, reachableOrQueue } from "./reachable.ts";

/** Parties of a conference. */
export const MAX_PARTIES = 16;

/** What clients ask of more than one party or call: consultation, transfer, conference (tlib-wire.md). */
export class Transfers {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** `onCall` runs before the consultation's first effect. */
  async consult(
    from: InCall,
    wish: TransferWish & { readonly onCall: (connId: string) => void },
  ): Promise<Outcome<CallController>> {
    const target = this.#find(wish.to, reachableOrQueue);
    if (!target.ok) return target;
    const begun = await beginConsultation(from, target.value, { userData: wish.userData, surroundings: this.#calls });
    if (!begun.ok) return begun;
    wish.onCall(begun.value.call.connId);
    this.#calls.begin(begun.value);
    return begun;
  }

  complete(kind: "transfer" | "conference", main: InCall, consult: InCall): Promise<Outcome> {
    if (main.party.state !== "held" && main.party.state !== "connected") {
      return Promise.resolve(
        fail({ error: "InvalidState", message: `DN ${main.party.dn} is ${main.party.state} in the first call` }),
      );
    }
    const together = presentParties(main.controller.call).length + presentParties(consult.controller.call).length - 1;
    if (kind === "conference" && together > MAX_PARTIES) return Promise.resolve(fail(full(main)));
    return completeConsultation(kind, main, consult);
  }

  /** Consults and completes as soon as the target rings. */
  async muteTransfer(from: InCall, wish: TransferWish): Promise<Outcome> {
    const begun = await this.consult(from, { ...wish, onCall: () => undefined });
    if (!begun.ok) return begun;
    const consultation = begun.value;
    const reached = await consultation.reached;
    const party = callerOf(consultation);
    if (!reached || party === undefined) {
      await comeBack(now(from));
      return fail({ error: "InvalidDestination", message: `${wish.to} could not be reached` });
    }
    return completeConsultation("transfer", now(from), { controller: consultation, party });
  }

  async singleStep(kind: "transfer" | "conference", from: InCall, wish: TransferWish): Promise<Outcome> {
    const { controller, party } = from;
    if (party.state !== "connected" && party.state !== "held") {
      return fail({
        error: "InvalidState",
        message: `DN ${party.dn} is ${party.state} in call ${controller.call.connId}`,
      });
    }
    if (answeredParties(controller.call).length < 2) {
      return fail({
        error: "InvalidState",
        message: `call ${controller.call.connId} has nobody else who has answered`,
      });
    }
    if (kind === "conference" && presentParties(controller.call).length >= MAX_PARTIES) return fail(full(from));
    const target = this.target(wish.to);
    if (!target.ok) return target;
    if (Object.keys(wish.userData).length > 0) {
      const changed = controller.changeUserData({ kind: "update", data: wish.userData }, party.dn);
      if (!changed.ok) return changed;
    }
    const outcome = await controller.bringIn(target.value, { how: kind, party: party.id });
    return outcome.ok ? ok(undefined) : outcome;
  }

  /** The active call ends for both; the phone talks in the held one. */
  reconnect(active: InCall, held: InCall): Promise<Outcome> {
    return reconnect(held, active);
  }

  alternate(active: InCall, held: InCall): Promise<Outcome> {
    return alternate(active, held);
  }

  /** Who rings where a number is dialled; of a routing point its default destination. */
  target(number: string): Outcome<Target> {
    return this.#find(number, reachable);
  }

  #find(number: string, reach: typeof reachable): Outcome<Target> {
    const { context } = this.#calls;
    const found = resolveNumber(number, context.directory);
    if (found.kind === "refused") return fail({ error: "InvalidDestination", message: `${number}: no such number` });
    const there = reach(context, found.dn, found.number);
    return there.ok ? there : fail({ error: "InvalidDestination", message: `${number}: ${there.error}` });
  }
}

/** The same party as it is by now. */
function now({ controller, party }: InCall): InCall {
  return { controller, party: presentParties(controller.call).find(({ id }) => id === party.id) ?? party };
}

function full({ controller }: InCall): SwitchFailure {
  const message = `call ${controller.call.connId} has as many parties as a conference may have: ${MAX_PARTIES}`;
  return { error: "InvalidState", message };
}

/** tlib-wire.md, "Errors". */
export function noCall(connId: string): SwitchFailure {
  return { error: "InvalidConnID", message: `no call has the ConnID ${connId}` };
}
