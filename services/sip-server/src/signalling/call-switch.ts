import { fail, ok } from "@sidetone/foundation";
import type { Call, Party } from "../call-model/call.ts";
import { presentParties } from "../call-model/call.ts";
import type { UserDataChange } from "../call-model/user-data.ts";
import type { Outcome, RecordingAction, Switch, SwitchFailure } from "../t-library/switch.ts";
import type { CallController } from "./call-controller.ts";
import type { Calls } from "./calls.ts";
import type { MakeCallWish } from "./make-call.ts";

interface InCall {
  readonly controller: CallController;
  readonly party: Party;
}

/** The calls of this SIP Server as T-Library sees and moves them. */
export class CallSwitch implements Switch {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
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
    found.value.controller.release(found.value.party);
    return Promise.resolve(ok(undefined));
  }

  holdCall(connId: string, dn: string): Promise<Outcome> {
    return this.#hold(connId, dn, true);
  }

  retrieveCall(connId: string, dn: string): Promise<Outcome> {
    return this.#hold(connId, dn, false);
  }

  record(connId: string, action: RecordingAction): Promise<Outcome> {
    return this.#up(connId)?.record(action) ?? Promise.resolve(fail(noCall(connId)));
  }

  /** A client's hold of a party: both phones get `a=inactive`; nobody hears anything, no music. */
  async #hold(connId: string, dn: string, held: boolean): Promise<Outcome> {
    const found = this.#partyOf(connId, dn);
    if (!found.ok) return found;
    const { controller, party } = found.value;
    if (party.state !== (held ? "connected" : "held")) {
      return fail({ error: "InvalidState", message: `DN ${dn} is ${party.state} in call ${connId}` });
    }
    const refusal = await controller.hold(party, held);
    return refusal === undefined ? ok(undefined) : fail({ error: "InvalidState", message: refusal });
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

function noCall(connId: string): SwitchFailure {
  return { error: "InvalidConnID", message: `no call has the ConnID ${connId}` };
}
