import type { SipResponse } from "@sidetone/sip";
import type { MediaAnchor } from "./media-anchor.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { withDirection } from "./sdp-direction.ts";

type Way = "inactive" | "sendrecv";

interface Phones {
  readonly a: PhoneLeg;
  readonly b: PhoneLeg;
}

/**
 * Turns the media of an established call off or on again with re-INVITEs to both phones, whether they talk directly or
 * through the Media Server. Both or none: where one refuses the other gets back what it had. Resolves with why not.
 */
export async function turnMedia(
  phones: Phones,
  anchor: MediaAnchor | undefined,
  way: Way,
): Promise<string | undefined> {
  const back: Way = way === "inactive" ? "sendrecv" : "inactive";
  if (anchor === undefined) return turnDirect(phones, way, back);
  const { a, b } = phones;
  const [toA, toB] = await Promise.all([turnAnchored(a, anchor, way), turnAnchored(b, anchor, way)]);
  if (toA === undefined && toB === undefined) return undefined;
  if (toA === undefined) await turnAnchored(a, anchor, back);
  if (toB === undefined) await turnAnchored(b, anchor, back);
  return toA ?? toB;
}

async function turnAnchored(leg: PhoneLeg, anchor: MediaAnchor, way: Way): Promise<string | undefined> {
  const response = await offer(leg, anchor.offerFor(leg.party), way);
  if (response === undefined || response.status >= 300) return refusal(leg, response);
  if (response.body.length > 0) await anchor.updateLeg(leg.party, response.body);
  return undefined;
}

async function turnDirect({ a, b }: Phones, way: Way, back: Way): Promise<string | undefined> {
  const sdpA = a.session.remoteSdp;
  const toB = await offer(b, sdpA, way);
  if (toB === undefined || toB.status >= 300) return refusal(b, toB);
  const toA = await offer(a, toB.body, way);
  if (toA !== undefined && toA.status < 300) return undefined;
  await offer(b, sdpA, back);
  return refusal(a, toA);
}

async function offer(leg: PhoneLeg, sdp: Buffer | undefined, way: Way): Promise<SipResponse | undefined> {
  const turned = sdp === undefined ? undefined : withDirection(sdp, way);
  if (turned === undefined) return undefined;
  return leg.session.reinvite({ body: leg.stamp.stamp(turned), contentType: "application/sdp" });
}

function refusal({ dn }: PhoneLeg, response: SipResponse | undefined): string {
  if (response === undefined) return `the phone of ${dn} has said no media yet`;
  return `the phone of ${dn} refused (${response.status} ${response.reason})`;
}
