import type { InviteSession } from "@sidetone/sip";
import type { OriginStamp } from "./origin-stamp.ts";

/** Party id of who calls. */
export const CALLER = "a";
/** Party id of who is called. */
export const CALLED = "b";

/** One party's phone in a call: its dialog, and the origin of the SDP it is shown. */
export interface PhoneLeg {
  /** Party id in the call model; also the leg's name at the Media Server. */
  readonly party: string;
  readonly dn: string;
  readonly session: InviteSession;
  readonly stamp: OriginStamp;
}

/** Status and body with which an offer of a phone is answered. */
export interface OfferOutcome {
  readonly status: number;
  readonly reason?: string;
  readonly body?: Buffer;
}
