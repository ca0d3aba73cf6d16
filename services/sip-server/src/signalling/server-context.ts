import type { SipServerConfig } from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import type { NextHops, SipEndpoint } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import type { CallUuidSource, ConfIdSource, ConnIdSource, RecordingIds } from "../identity/index.ts";
import type { Directory, TrunkUse } from "../directory/index.ts";
import type { Ledger } from "../ledger/index.ts";
import type { SignallingJournal } from "../journal/index.ts";
import type { CallSnapshot } from "../restore/call-snapshot.ts";
import type { MediaServerWatch } from "./media-server-watch.ts";
import type { RecoveryTurns } from "./recovery-turns.ts";
import type { RingTarget } from "./ring-target.ts";

/** R33: keeps the calls for a restarted server. */
export interface CallKeeper {
  changed(call: KeptCall): void;
  /** Nothing is left of it. */
  ended(call: KeptCall): void;
}

/** A call as it is kept. */
export interface KeptCall {
  readonly call: Call;
  readonly over: boolean;
  snapshot(): CallSnapshot;
}

/** What every call of this SIP Server shares. */
export interface ServerContext {
  /** Its DNs, logins, applications and options are the directory's of the moment. */
  readonly config: SipServerConfig;
  readonly directory: Directory;
  readonly trunks: TrunkUse;
  readonly clock: Clock;
  readonly log: Logger;
  readonly endpoint: SipEndpoint;
  readonly watch: MediaServerWatch;
  /** R32: the Resource Managers, those that answer first. */
  readonly resourceManagers: NextHops;
  readonly recoveries: RecoveryTurns;
  readonly ledger: Pick<Ledger, "expect" | "resolve" | "update">;
  readonly ids: {
    readonly connIds: Pick<ConnIdSource, "next">;
    readonly callUuids: Pick<CallUuidSource, "next">;
    readonly confIds: Pick<ConfIdSource, "next">;
    readonly recordingIds: Pick<RecordingIds, "claimName" | "claimClientId" | "releaseClientId">;
  };
  /** Contacts to ring for a DN; empty where its phone is not registered. */
  contactsOf(dn: string): readonly RingTarget[];
  /** The agent who is logged in on a DN, and whether the login asks for full-time recording (R1). */
  agentOf?(dn: string): { readonly agentId: string; readonly record: boolean } | undefined;
  /** Where an agent is logged in. */
  dnOfAgent?(agentId: string): string | undefined;
  /** Whether a client watches a routing point, and may route what waits there. */
  strategyAt?(dn: string): boolean;
  /** R33: who writes down how calls stand; absent: nobody does. */
  readonly keeper?: CallKeeper | undefined;
  /** Who keeps the SIP messages of calls: told which dialogs are whose. Absent: nobody does. */
  readonly dialogs?: Pick<SignallingJournal, "link"> | undefined;
  /** Told of every change of every call. */
  onCall(call: Call, effects: readonly CallEffect[]): void;
  /** R17: a recording that should run and does not. */
  onAlarm(call: Call, reason: string): void;
}
