import type { Result } from "@sidetone/foundation";
import type { ErrorName, KVList } from "@sidetone/tlib";
import type { Call } from "../call-model/call.ts";
import type { UserDataChange } from "../call-model/user-data.ts";

export type { UserDataChange } from "../call-model/user-data.ts";

/** Why the switch does not do what was asked; becomes an `EventError`. */
export interface SwitchFailure {
  readonly error: ErrorName;
  /** For people: the place and what to do. */
  readonly message: string;
}

/** What came of a request. */
export type Outcome<T = undefined> = Result<T, SwitchFailure>;

/** R3, R7, R18: what is to be done with the recording of a call; rights, names and destinations have been checked before. */
export type RecordingAction =
  | {
      readonly kind: "start";
      readonly thisDn: string;
      readonly otherDn?: string;
      /** `source` = ThisDN, `destination` = the other party (R3). */
      readonly side: "source" | "destination";
      /** R8: the client's recording id. */
      readonly id?: string;
      readonly dest?: string;
      readonly dest2?: string;
      /** Generic parameters, in the order in which they were given. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Who asked, for ledger and audit: `application/ReferenceID`. */
      readonly reference: string;
    }
  | { readonly kind: "stop" | "pause" | "resume"; readonly parameters: ReadonlyMap<string, string> };

/** The calls as T-Library sees and moves them. */
export interface Switch {
  /** A call that is up, by its ConnID. */
  call(connId: string): Call | undefined;
  /** The calls in which the DN has a party that has not left. */
  callsOf(dn: string): readonly Call[];
  /** @param by DN of who changes it. True: something changed and its effect was published. */
  changeUserData(connId: string, change: UserDataChange, by: string): Outcome<boolean>;
  /** Resolves with the ConnID. `onCall` runs before the call's first effect. */
  makeCall(o: {
    readonly from: string;
    readonly to: string;
    readonly userData: KVList;
    readonly onCall: (connId: string) => void;
  }): Promise<Outcome<string>>;
  answerCall(connId: string, dn: string): Promise<Outcome>;
  releaseCall(connId: string, dn: string): Promise<Outcome>;
  holdCall(connId: string, dn: string): Promise<Outcome>;
  retrieveCall(connId: string, dn: string): Promise<Outcome>;
  /** Resolves (= `EventACK`) before the effects of the change are published. */
  record(connId: string, action: RecordingAction): Promise<Outcome>;
}
