/** What is at the far end of a dialog of a call. */
export type PeerKind = "phone" | "trunk" | "media";

/** A SIP frame, secrets masked. */
export interface FrameRow {
  readonly id: number;
  /** Wall-clock microseconds. */
  readonly at: number;
  readonly direction: "in" | "out";
  readonly transport: string;
  /** `host:port` of our side, then of the far side. */
  readonly local: string;
  readonly remote: string;
  readonly callId: string;
  /** The whole frame, one character per byte. */
  readonly text: string;
  /** Its length before it was cut; bytes. */
  readonly bytes: number;
}

/** A dialog, or one that never came to be, is one of a call's. */
export interface DialogRow {
  readonly callId: string;
  readonly callUuid: string;
  readonly kind: PeerKind;
  readonly dn: string;
  /** Wall-clock microseconds of when it came to be the call's; a phone may go on in another call. */
  readonly at: number;
}

/** A call as it was last known. `facts` is JSON of `CallFacts`. */
export interface CallRow {
  readonly callUuid: string;
  readonly connId: string;
  readonly previousConnId: string | null;
  readonly at: number;
  readonly facts: string;
}

/** Frames that were not kept, since the writer was behind. */
export interface GapRow {
  readonly from: number;
  readonly to: number;
  readonly dropped: number;
}

/** A frame's place in a batch. */
export interface FrameHead {
  readonly at: number;
  readonly direction: "in" | "out";
  readonly transport: string;
  readonly local: string;
  readonly remote: string;
  readonly callId: string;
  readonly offset: number;
  readonly length: number;
  /** Its length before it was cut. */
  readonly bytes: number;
}

/** What goes to the writer at once. */
export interface Batch {
  readonly frames: readonly FrameHead[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly dialogs: readonly DialogRow[];
  readonly calls: readonly CallRow[];
  readonly gap: GapRow | undefined;
}

/** Which call is wanted. */
export type CallName = { readonly callUuid: string } | { readonly connId: string };

/** What is kept of a call and of those that it is related to, the call itself first; frames and gaps in order of time. */
export interface Found {
  readonly calls: readonly CallRow[];
  readonly dialogs: readonly DialogRow[];
  readonly frames: readonly FrameRow[];
  readonly gaps: readonly GapRow[];
  /** There is more than is shown. */
  readonly cut: boolean;
}

/** What the writer is started with. */
export interface JournalStart {
  readonly file: string;
  readonly days: number;
  readonly size: number;
}

/** To the writer. */
export type ToWriter =
  | { readonly kind: "batch"; readonly batch: Batch }
  | { readonly kind: "find"; readonly n: number; readonly name: CallName }
  | { readonly kind: "sweep"; readonly now: number }
  | { readonly kind: "close" };

/** From the writer. */
export type FromWriter =
  | { readonly kind: "open" }
  | { readonly kind: "refused"; readonly message: string }
  /** A batch is done with; `error`: it is lost. */
  | { readonly kind: "written"; readonly error: string | undefined; readonly frames: number }
  | { readonly kind: "found"; readonly n: number; readonly found: Found | undefined; readonly error?: string }
  | { readonly kind: "swept"; readonly removed: number; readonly bytes: number };
