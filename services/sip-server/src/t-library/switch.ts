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

/** Who is to come into a call, or to be consulted. */
export interface TransferWish {
  readonly to: string;
  /** Attached to the call that is made, or to the one that goes on. */
  readonly userData: KVList;
}

/** R2: what a strategy wants recorded of the call that it routes; rights, names and destinations have been checked. */
export interface RouteRecording {
  /** `destination` = the party routed to, `source` = the one that called the routing point. */
  readonly side: "source" | "destination" | undefined;
  readonly disableSource: boolean;
  readonly disableDestination: boolean;
  /** The right to withdraw a full-time recording too. */
  readonly suppress: boolean;
  readonly id?: string | undefined;
  readonly dest?: string | undefined;
  readonly dest2?: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

/** RequestRouteCall. */
export interface RouteWish {
  readonly type: "Default" | "Direct" | "Reject" | "AgentID";
  readonly to: string;
  readonly recording: RouteRecording;
  readonly userData: KVList;
}

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
  /** A consultation (R27): the call waits, its phone calls `to`. Resolves with the consultation's ConnID, as `makeCall`. */
  consult(
    connId: string,
    dn: string,
    wish: TransferWish & { readonly onCall: (connId: string) => void },
  ): Promise<Outcome<string>>;
  /** Joins a consultation to the call from which it was begun. */
  complete(kind: "transfer" | "conference", connId: string, dn: string, consultConnId: string): Promise<Outcome>;
  /** As consult and complete, without waiting for the answer. */
  muteTransfer(connId: string, dn: string, wish: TransferWish): Promise<Outcome>;
  singleStep(kind: "transfer" | "conference", connId: string, dn: string, wish: TransferWish): Promise<Outcome>;
  /** Puts `other` out of a conference. */
  deleteFromConference(connId: string, dn: string, other: string): Promise<Outcome>;
  /** Ends the active call, and talks in the held one again. */
  reconnect(connId: string, dn: string, heldConnId: string): Promise<Outcome>;
  /** Talks in the held call; the active one waits. */
  alternate(connId: string, dn: string, heldConnId: string): Promise<Outcome>;
  /** Routes a call that waits at the routing point `dn`. */
  route(connId: string, dn: string, wish: RouteWish): Promise<Outcome>;
  /** Resolves (= `EventACK`) before the effects of the change are published. */
  record(connId: string, action: RecordingAction): Promise<Outcome>;
}
