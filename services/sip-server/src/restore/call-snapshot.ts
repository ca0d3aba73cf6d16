import type { DnConfig } from "@sidetone/config";
import type { PendingInvite, SessionSnapshot } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { LedgerKey } from "../ledger/index.ts";
import type { MediaPlan, RecordingWish } from "../recording/policy.ts";
import type { SelectiveWish } from "../recording/selective.ts";
import type { RecordingMachineState } from "../recording/states.ts";

/** Raised when a snapshot of before cannot be read any more: such calls are not restored. */
export const SNAPSHOT_VERSION = 1;

/** A DN as the call met it; what is configured after the restart counts, but for `record`. */
export type KnownDn = Pick<DnConfig, "dn" | "type" | "record">;

/** Origin of the SDP on one dialog. */
export interface StampSnapshot {
  readonly sessionId: string;
  readonly address: string;
  readonly version: number;
}

/** The phone of a party. */
export interface PhoneSnapshot {
  readonly party: string;
  readonly dn: string;
  readonly session: SessionSnapshot;
  readonly stamp: StampSnapshot;
  /** Trunk whose capacity it takes. */
  readonly trunk: string | undefined;
}

/** A leg at the Media Server. Bodies are bytes as Latin-1. */
export interface AnchorLegSnapshot {
  readonly name: string;
  readonly dn: string;
  readonly session: SessionSnapshot;
  readonly stamp: StampSnapshot;
  readonly answer: string;
  readonly offer: string;
  readonly offered: string;
}

/** The call's conference at a Media Server. */
export interface AnchorSnapshot {
  readonly confId: string;
  /** Affinity token of the Resource Manager. */
  readonly token: string | undefined;
  readonly legs: readonly AnchorLegSnapshot[];
}

/** Where the media are, and who holds. */
export interface MediaSnapshot {
  readonly served: readonly { readonly party: string; readonly away: boolean; readonly way: "inactive" | "sendrecv" }[];
  readonly holders: readonly string[];
  /** Phones are being told of other media: who has heard what is not known. */
  readonly moving: boolean;
}

/** Ledger lines of one recording. */
export interface LinesSnapshot {
  readonly keys: readonly LedgerKey[];
  readonly left: readonly string[];
  readonly open: boolean;
}

/** A recording of the call. */
export interface RunSnapshot {
  readonly cause: RecordingWish["cause"];
  readonly state: Omit<RecordingMachineState, "parameters">;
  readonly parameters: readonly (readonly [string, string])[];
  readonly flagged: readonly string[];
  readonly recordDn: string;
  readonly dest: string | undefined;
  readonly dest2: string | undefined;
  readonly lines: LinesSnapshot;
}

/** What is and was recorded of the call, and for whom. */
export interface RecordingSnapshot {
  /** The recording that runs, or was last. */
  readonly run: RunSnapshot | undefined;
  /** Lines of the policy's recording; undefined: those of the run. */
  readonly lines: LinesSnapshot | undefined;
  readonly leftOut: LinesSnapshot | undefined;
  readonly cleared: readonly string[];
  readonly gaveUp: boolean;
  readonly selective: {
    readonly wishes: readonly (Omit<SelectiveWish, "parameters"> & {
      readonly parameters: readonly (readonly [string, string])[];
    })[];
    readonly suppressed: readonly string[];
  };
}

/**
 * R33: one call as a restarted SIP Server needs it to answer for it; only what JSON carries. Of a call that nobody has
 * answered yet only what puts an end to it: its legs.
 */
export interface CallSnapshot {
  readonly call: Call;
  readonly facts: {
    readonly caller: KnownDn;
    readonly callerNumber: string;
    readonly callerName: string | undefined;
    readonly called: KnownDn;
    readonly calledNumber: string;
    readonly localAddress: string;
    /** Of a consultation: the call that it was begun from. */
    readonly consultOf: string | undefined;
  };
  readonly plan: MediaPlan;
  /** What was reached, by party. */
  readonly reached: readonly (readonly [string, KnownDn])[];
  readonly phones: readonly PhoneSnapshot[];
  /** INVITEs that nobody has answered. */
  readonly pending: readonly PendingInvite[];
  readonly media: MediaSnapshot;
  readonly anchor: AnchorSnapshot | undefined;
  /** Legs at Media Servers where the call was being brought, or that it leaves. */
  readonly strays: readonly SessionSnapshot[];
  readonly mediaFailure: string | undefined;
  readonly recording: RecordingSnapshot;
  /** The routing point where a treatment has answered the caller, and it waits. */
  readonly queuedAt: { readonly party: string; readonly dn: string } | undefined;
}

/** The snapshot as it is written. */
export function writeSnapshot(snapshot: CallSnapshot): string {
  return JSON.stringify(snapshot);
}

/** What was written; undefined where it is none. Only our own store is read: its shape is taken as it was written. */
export function readSnapshot(text: string): CallSnapshot | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== "object" || read === null || !("call" in read) || !("media" in read)) return undefined;
    return read as CallSnapshot;
  } catch {
    return undefined;
  }
}

/** Bytes as text that JSON carries, and back. */
export function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** See `textOf`. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
