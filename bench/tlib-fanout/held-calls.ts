import type { CallUuid, ConnId } from "@sidetone/foundation";
import type { Call } from "../../services/sip-server/src/call-model/call.ts";
import type { CallEffect } from "../../services/sip-server/src/call-model/machine.ts";
import { testCall, testParty } from "../../services/sip-server/src/t-library/calls.fixture.ts";

/** What an ordinary call carries. */
const userData = {
  CustomerID: "4711-0815",
  CustomerSegment: "gold",
  IVRPath: "main>billing>agent",
  Language: "de",
  GSIP_RECORD: "On",
  GSIP_REC_FN: "7001_2026-11-20_09-15-15_JBNIHE6GIL09DCQ7KUREMIUHVC000001",
};

/** A change of a call, as the call model publishes it. */
export interface Change {
  readonly before: Call | undefined;
  readonly call: Call;
  readonly effects: readonly CallEffect[];
}

/** One call on each DN, held and retrieved in turn: each change makes one event for the DN. */
export class HeldCalls {
  readonly #calls = new Map<string, Call>();

  /** The next change of the DN's call; its user data say under `key` when. */
  change(dn: string, key: string, micros: number): Change {
    const before = this.#calls.get(dn);
    const from = before?.parties[1]?.state === "held" ? "held" : "connected";
    const party = testParty("b", dn, { state: from === "held" ? "connected" : "held" });
    const caller = testParty("a", "+491512345678", { dn: "pstn", kind: "external" });
    const call: Call = {
      ...(before ?? testCall("+491512345678", dn, identity(dn))),
      parties: [caller, party],
      userData: { ...userData, [key]: String(micros).padStart(16, "0") },
    };
    this.#calls.set(dn, call);
    return { before, call, effects: [{ kind: "party-changed", party, from, cause: "request" }] };
  }
}

function identity(dn: string): { readonly connId: ConnId; readonly callUuid: CallUuid } {
  return {
    connId: `01100${dn.padStart(11, "0")}` as ConnId,
    callUuid: `JBNIHE6GIL09DCQ7KUREM${dn.padStart(11, "0")}` as CallUuid,
  };
}
