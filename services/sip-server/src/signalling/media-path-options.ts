import type { Logger } from "@sidetone/foundation";
import type { IncomingRequest } from "@sidetone/sip";
import type { AnchorRequest } from "./anchor-attempts.ts";
import type { CallerSide } from "./caller-side.ts";
import type { AnchorLoss, MediaAnchor } from "./media-anchor.ts";
import type { StartAlong } from "./media-recovery.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import type { RecordIndication, RecordPreference } from "./record-attribute.ts";
import type { ServerContext } from "./server-context.ts";

/** R17: attempts to move a call whose media must be mixed. */
export const CONFERENCE_ATTEMPTS = 2;
/** R17: how often a call that needs a Media Server and has none is tried again, ms. */
export const RETRY_MS = 5000;
/** Media Servers that a call may lose in a row before it is left alone for RETRY_MS. */
export const MOST_LOSSES = 3;
/** Losses further apart than this are not in a row, ms. */
export const LOSSES_IN_A_ROW_MS = 10_000;

/** A phone that does not know yet whom it will talk to. */
export interface Callee {
  /** Id and DN of the party. */
  readonly party: string;
  readonly dn: string;
}

/** What a call's media path needs of the call. */
export interface MediaPathOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  /** The caller's phone. */
  readonly caller: PhoneLeg;
  readonly callerSide: () => CallerSide;
  /** SDP of the caller's phone; empty where the offer is left to us. */
  readonly offer: () => Buffer;
  /** Everything of an anchor but what happens when it is lost. */
  readonly anchorRequest: () => Omit<AnchorRequest, "onLost" | "onMade">;
  readonly over: () => boolean;
  readonly answered: () => boolean;
  /** The call has no Media Server any more, and why. */
  readonly onLost: (reason: string) => void;
  /** R30: the Media Server is gone; the call is being brought to another one. */
  readonly onMoving: (loss: AnchorLoss) => void;
  /** R30: the recorder's start for the document that joins the call there. */
  readonly startAlong: (anchor: MediaAnchor) => StartAlong | undefined;
  /** R30: the call is at another Media Server. */
  readonly onRecovered: (anchor: MediaAnchor) => void;
  readonly onHold: (party: string, held: boolean) => void;
  readonly onRefer: (party: string, incoming: IncomingRequest) => void;
  readonly recording: () => RecordIndication;
  readonly onRecordPreference: (party: string, preference: RecordPreference) => void;
  /** R33: what a restarted server has to know has changed. */
  readonly onChanged: () => void;
}
