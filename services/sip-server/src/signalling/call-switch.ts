import { fail, ok } from "@sidetone/foundation";
import { type Call, presentParties } from "../call-model/call.ts";
import type { UserDataChange } from "../call-model/user-data.ts";
import type { Outcome, RecordingAction, RouteWish, Switch, TransferWish } from "../t-library/switch.ts";
import type { CallController } from "./call-controller.ts";
import type { Calls } from "./calls.ts";
import { comeBack, type InCall } from "./consultation.ts";
import type { MakeCallWish } from "./make-call.ts";
import { routeCall } from "./route-call.ts";
import { noCall, Transfers } from "./transfers.ts";

/** The calls of this SIP Server as T-Library sees and moves them. */
export class CallSwitch implements Switch {
  readonly #calls: Calls;
  readonly #transfers: Transfers;

  constructor(calls: Calls) {
    this.#calls = calls;
    this.#transfers = new Transfers(calls);
  }

  call(connId: string): Call | undefined {
    return this.#up(connId)?.call;
  }

  callsOf(dn: string): readonly Call[] {
    return this.#calls
      .list()
      .filter((call) => call.endedMicros === undefined && presentParties(call).some((party) => party.dn === dn));
  }

  changeUserData(connId: string, change: UserDataChange, by: string): Outcome<boolean> {
    return this.#up(connId)?.changeUserData(change, by) ?? fail(noCall(connId));
  }

  makeCall(wish: MakeCallWish): Promise<Outcome<string>> {
    return Promise.resolve(this.#calls.make(wish));
  }

  async answerCall(connId: string, dn: string): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return found;
    const { controller, party } = found.value;
    if (await controller.answer(party)) return ok(undefined);
    const why =
      party.state === "ringing" ? "takes no order to answer (Allow-Events: talk)" : `does not ring: ${party.state}`;
    return fail({ error: "InvalidState", message: `the phone of ${dn} ${why}` });
  }

  releaseCall(connId: string, dn: string): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return Promise.resolve(found);
    const { controller, party } = found.value;
    if (party.device === "routing-point") {
      return Promise.resolve(
        fail({ error: "InvalidState", message: `${dn} is a routing point: route the call, or reject it` }),
      );
    }
    controller.release(party);
    return Promise.resolve(ok(undefined));
  }

  holdCall(connId: string, dn: string): Promise<Outcome> {
    return this.#hold(connId, dn, true);
  }

  retrieveCall(connId: string, dn: string): Promise<Outcome> {
    return this.#hold(connId, dn, false);
  }

  async consult(
    connId: string,
    dn: string,
    wish: TransferWish & { readonly onCall: (connId: string) => void },
  ): Promise<Outcome<string>> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return found;
    const begun = await this.#transfers.consult(found.value, wish);
    return begun.ok ? ok(begun.value.call.connId) : begun;
  }

  complete(kind: "transfer" | "conference", connId: string, dn: string, consultConnId: string): Promise<Outcome> {
    return this.#withBoth(connId, consultConnId, dn, (main, consult) => this.#transfers.complete(kind, main, consult));
  }

  async muteTransfer(connId: string, dn: string, wish: TransferWish): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    return found.ok ? this.#transfers.muteTransfer(found.value, wish) : found;
  }

  async singleStep(kind: "transfer" | "conference", connId: string, dn: string, wish: TransferWish): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    return found.ok ? this.#transfers.singleStep(kind, found.value, wish) : found;
  }

  deleteFromConference(connId: string, dn: string, other: string): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return Promise.resolve(found);
    const { controller, party } = found.value;
    const leaver = presentParties(controller.call).find(
      (one) => one.id !== party.id && (one.dn === other || one.number === other),
    );
    if (leaver === undefined || presentParties(controller.call).length < 3) {
      const why = leaver === undefined ? `${other} is not in call ${connId}` : `call ${connId} is no conference`;
      return Promise.resolve(
        fail({ error: leaver === undefined ? "InvalidDestination" : "InvalidState", message: why }),
      );
    }
    controller.release(leaver, party.id);
    return Promise.resolve(ok(undefined));
  }

  reconnect(connId: string, dn: string, heldConnId: string): Promise<Outcome> {
    return this.#withBoth(connId, heldConnId, dn, (active, held) => this.#transfers.reconnect(active, held));
  }

  alternate(connId: string, dn: string, heldConnId: string): Promise<Outcome> {
    return this.#withBoth(connId, heldConnId, dn, (active, held) => this.#transfers.alternate(active, held));
  }

  async route(connId: string, dn: string, wish: RouteWish): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    return found.ok ? routeCall(found.value, wish, this.#transfers) : found;
  }

  record(connId: string, action: RecordingAction): Promise<Outcome> {
    return this.#up(connId)?.record(action) ?? Promise.resolve(fail(noCall(connId)));
  }

  /** A client's hold of a party: of two phones both get `a=inactive`; nobody hears anything. */
  async #hold(connId: string, dn: string, held: boolean): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return found;
    const { controller, party } = found.value;
    if (party.state !== (held ? "connected" : "held")) {
      return fail({ error: "InvalidState", message: `DN ${dn} is ${party.state} in call ${connId}` });
    }
    if (!held && controller.path.isAway(party.id)) {
      if (this.#talksElsewhere(controller, party.id)) {
        const message = `the phone of ${dn} is in a consultation: complete it, reconnect or alternate`;
        return fail({ error: "InvalidState", message });
      }
      return comeBack(found.value);
    }
    const refusal = await controller.hold(party, held);
    return refusal === undefined ? ok(undefined) : fail({ error: "InvalidState", message: refusal });
  }

  /** The phone of a party talks in another call. */
  #talksElsewhere(controller: CallController, party: string): boolean {
    const session = controller.phones.get(party)?.session;
    return this.#calls
      .controllers()
      .some(
        (other) =>
          other !== controller &&
          !other.over &&
          presentParties(other.call).some(
            ({ id, state }) => state !== "held" && other.phones.get(id)?.session === session,
          ),
      );
  }

  /** The same DN in two calls. */
  async #withBoth(
    connId: string,
    otherConnId: string,
    dn: string,
    work: (first: InCall, second: InCall) => Promise<Outcome>,
  ): Promise<Outcome> {
    const first = this.#partyOf(connId, dn);
    if (!first.ok) return first;
    const second = this.#partyOf(otherConnId, dn);
    return second.ok ? work(first.value, second.value) : second;
  }

  #partyOf(connId: string, dn: string): Outcome<InCall> {
    const controller = this.#up(connId);
    if (controller === undefined) return fail(noCall(connId));
    const party = presentParties(controller.call).find((one) => one.dn === dn);
    if (party === undefined) return fail({ error: "InvalidState", message: `DN ${dn} is no party of call ${connId}` });
    return ok({ controller, party });
  }

  /** A call that has not ended. What is left of an ended one is nobody's business. */
  #up(connId: string): CallController | undefined {
    const controller = this.#calls.find(connId);
    return controller?.call.endedMicros === undefined ? controller : undefined;
  }
}
