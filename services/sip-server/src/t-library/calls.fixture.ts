import { type CallUuid, type ConnId, ok } from "@sidetone/foundation";
import type { KVList } from "@sidetone/tlib";
import { type Call, newCall, type Party } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import { changedByClient } from "../call-model/user-data.ts";
import { userDataFailure } from "../signalling/call-failures.ts";
import type { Outcome, RecordingAction, Switch, SwitchFailure, UserDataChange } from "./switch.ts";

/** A party of a test's call. */
export function testParty(id: string, number: string, over: Partial<Party> = {}): Party {
  return {
    id,
    dn: number,
    number,
    kind: "internal",
    role: id === "a" ? "origination" : "destination",
    state: "connected",
    aor: `sip:${number}@sidetone.local`,
    agentId: undefined,
    recorded: false,
    device: "phone",
    introduction: undefined,
    ...over,
  };
}

/** A call between two DNs that has been answered. */
export function testCall(from: string, to: string, over: Partial<Call> = {}): Call {
  return {
    ...newCall({
      connId: "0110031f8ab2c001" as ConnId,
      callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001" as CallUuid,
      callType: "Internal",
      ani: from,
      dnis: to,
      createdMicros: 1,
    }),
    answeredMicros: 2,
    parties: [testParty("a", from), testParty("b", to)],
    ...over,
  };
}

/** Calls that a test moves by hand. What requests ask for happens at once, unless `refusal` says otherwise. */
export class FakeSwitch implements Switch {
  readonly calls = new Map<string, Call>();
  readonly recordings: RecordingAction[] = [];
  refusal: SwitchFailure | undefined;
  /** False: requests are accepted and nothing happens. */
  acting = true;
  onCall: (call: Call, effects: readonly CallEffect[]) => void = () => undefined;

  /** Makes a call known, or changes it. */
  publish(call: Call, ...effects: readonly CallEffect[]): void {
    this.calls.set(call.connId, call);
    this.onCall(call, effects);
    if (call.endedMicros !== undefined) this.calls.delete(call.connId);
  }

  call(connId: string): Call | undefined {
    return this.calls.get(connId);
  }

  callsOf(dn: string): readonly Call[] {
    return Array.from(this.calls.values()).filter((call) => call.parties.some((party) => party.dn === dn));
  }

  changeUserData(connId: string, change: UserDataChange, by: string): Outcome<boolean> {
    if (this.refusal !== undefined) return { ok: false, error: this.refusal };
    const call = this.calls.get(connId);
    if (call === undefined) return ok(false);
    const after = changedByClient(call.userData, change);
    if (!after.ok) return { ok: false, error: userDataFailure(after.error) };
    const { userData, keys } = after.value;
    if (keys.length === 0) return ok(false);
    this.publish({ ...call, userData }, { kind: "user-data-changed", userData, keys, by });
    return ok(true);
  }

  makeCall(o: {
    from: string;
    to: string;
    userData: KVList;
    onCall: (connId: string) => void;
  }): Promise<Outcome<string>> {
    if (this.refusal !== undefined) return Promise.resolve({ ok: false, error: this.refusal });
    const caller = testParty("a", o.from, { state: "dialing" });
    const call = testCall(o.from, o.to, { answeredMicros: undefined, parties: [caller] });
    o.onCall(call.connId);
    this.publish({ ...call, userData: o.userData }, { kind: "party-added", party: caller });
    return Promise.resolve(ok(call.connId));
  }

  consult(): Promise<Outcome<string>> {
    return this.#notHere();
  }
  complete(): Promise<Outcome> {
    return this.#notHere();
  }
  muteTransfer(): Promise<Outcome> {
    return this.#notHere();
  }
  singleStep(): Promise<Outcome> {
    return this.#notHere();
  }
  deleteFromConference(): Promise<Outcome> {
    return this.#notHere();
  }
  reconnect(): Promise<Outcome> {
    return this.#notHere();
  }
  alternate(): Promise<Outcome> {
    return this.#notHere();
  }
  route(): Promise<Outcome> {
    return this.#notHere();
  }

  /** What moves several parties is tested with calls of SIP Server. */
  #notHere(): Promise<{ readonly ok: false; readonly error: SwitchFailure }> {
    const error = this.refusal ?? { error: "InvalidState", message: "no such calls here" };
    return Promise.resolve({ ok: false, error });
  }

  answerCall(connId: string, dn: string): Promise<Outcome> {
    return this.#move(connId, dn, "connected", "answered");
  }

  holdCall(connId: string, dn: string): Promise<Outcome> {
    return this.#move(connId, dn, "held", "held");
  }

  retrieveCall(connId: string, dn: string): Promise<Outcome> {
    return this.#move(connId, dn, "connected", "retrieved");
  }

  releaseCall(connId: string, dn: string): Promise<Outcome> {
    const call = this.calls.get(connId);
    if (this.refusal !== undefined) return Promise.resolve({ ok: false, error: this.refusal });
    if (call === undefined || !this.acting) return Promise.resolve(ok(undefined));
    const inOrder = call.parties.toSorted((a, b) => Number(b.dn === dn) - Number(a.dn === dn));
    const effects = inOrder.map((party): CallEffect => {
      return { kind: "party-changed", party: { ...party, state: "released" }, from: party.state, cause: "request" };
    });
    const parties = call.parties.map((party): Party => ({ ...party, state: "released" }));
    this.publish({ ...call, parties, endedMicros: 9 }, ...effects, { kind: "call-ended", cause: "request" });
    return Promise.resolve(ok(undefined));
  }

  record(_connId: string, action: RecordingAction): Promise<Outcome> {
    this.recordings.push(action);
    return Promise.resolve(this.refusal === undefined ? ok(undefined) : { ok: false, error: this.refusal });
  }

  #move(connId: string, dn: string, state: "connected" | "held", cause: string): Promise<Outcome> {
    if (this.refusal !== undefined) return Promise.resolve({ ok: false, error: this.refusal });
    const call = this.calls.get(connId);
    const party = call?.parties.find((one) => one.dn === dn);
    if (call === undefined || party === undefined || !this.acting) return Promise.resolve(ok(undefined));
    const moved: Party = { ...party, state };
    const parties = call.parties.map((one) => (one === party ? moved : one));
    this.publish({ ...call, parties }, { kind: "party-changed", party: moved, from: party.state, cause });
    return Promise.resolve(ok(undefined));
  }
}
