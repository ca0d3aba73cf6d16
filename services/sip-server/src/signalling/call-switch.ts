import { fail } from "@sidetone/foundation";
import type { Call } from "../call-model/call.ts";
import { presentParties } from "../call-model/call.ts";
import type { Outcome, RecordingAction, Switch, SwitchFailure } from "../t-library/switch.ts";
import type { CallController } from "./call-controller.ts";
import type { Calls } from "./calls.ts";

/** The calls of this SIP Server as T-Library sees and moves them. */
export class CallSwitch implements Pick<Switch, "call" | "callsOf" | "record"> {
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

  record(connId: string, action: RecordingAction): Promise<Outcome> {
    return this.#up(connId)?.record(action) ?? Promise.resolve(fail(noCall(connId)));
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
