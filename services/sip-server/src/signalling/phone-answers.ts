import type { IncomingRequest, SipResponse } from "@sidetone/sip";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import type { OfferOutcome, PhoneLeg } from "./phone-leg.ts";
import { sameButOrigin } from "./sdp-direction.ts";

const SDP = "application/sdp";

/** A phone's answer to a move; 408 where it gave none in time. */
export type Moved = Pick<SipResponse, "reason" | "body"> & { readonly status: number };

/** A phone that answered the move with another SDP than the Media Server knows: it is told. */
export async function correct(anchor: MediaAnchor, leg: PhoneLeg, answer: Moved): Promise<void> {
  const known = anchor.offeredBy(leg.party);
  if (answer.body.length === 0 || (known !== undefined && sameButOrigin(known, answer.body))) return;
  await anchor.updateLeg(leg.party, answer.body);
}

/** Answers an offer of a phone, with our origin. */
export function respond(leg: PhoneLeg, incoming: IncomingRequest, outcome: OfferOutcome): void {
  const { status, reason, body } = outcome;
  incoming.respond(status, {
    ...(reason === undefined ? {} : { reason }),
    ...(status < 300 && body !== undefined && body.length > 0 ? { body: leg.stamp.stamp(body), contentType: SDP } : {}),
  });
}

/** Why a call could not be moved. */
export function refusedMove({ status, reason }: Moved): AnchorFailure {
  return { reason: `phone-refused-move (${status} ${reason})`, status };
}

/** Why a phone could not be turned. */
export function refusal({ dn }: PhoneLeg, response: SipResponse): string {
  return `the phone of ${dn} refused (${response.status} ${response.reason})`;
}
