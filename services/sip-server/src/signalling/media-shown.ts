import type { Logger } from "@sidetone/foundation";
import type { LegToAnchor } from "./anchor-attempts.ts";
import type { CallMedia } from "./call-media.ts";
import type { MediaAnchor } from "./media-anchor.ts";
import { playPrompt } from "./prompt.ts";
import { sameButOrigin, withCodecsOf, withDirection } from "./sdp-direction.ts";
import type { ServerContext } from "./server-context.ts";

/** R28: what who waits hears, where the options name a file. */
export function musicOf(
  { config }: ServerContext,
  log: Logger,
): ((anchor: MediaAnchor, party: string, plays?: boolean) => () => void) | undefined {
  const { musicOnHold, recordMoh } = config.options;
  if (musicOnHold === undefined) return undefined;
  const prompt = { name: "hold", file: musicOnHold, iterations: -1, capture: recordMoh };
  return (anchor, party, plays) => playPrompt(anchor, party, prompt, log, plays);
}

/** The Media Server's address and port for a phone, with every codec that it was offered for it. */
export function offerOf(anchor: MediaAnchor, party: string): Buffer {
  const answer = anchor.offerFor(party) ?? Buffer.alloc(0);
  return withCodecsOf(answer, anchor.offeredBy(party) ?? answer);
}

/** Whether two descriptions say the same but for their origin and directions. */
export function sameMedia(a: Buffer, b: Buffer): boolean {
  const [one, other] = [withDirection(a, "sendrecv"), withDirection(b, "sendrecv")];
  return one !== undefined && other !== undefined && sameButOrigin(one, other);
}

/** What another Media Server has to be told: the legs that this one had, and phones that came in the meantime. */
export function legsFor(anchor: MediaAnchor, media: CallMedia): readonly LegToAnchor[] {
  const legs = anchor.legs.map((leg) => ({
    ...leg,
    offer: media.isAway(leg.name) ? (withDirection(leg.offer, "inactive") ?? leg.offer) : leg.offer,
  }));
  const known = new Set(legs.map(({ name }) => name));
  return [...legs, ...(media.legs() ?? []).filter(({ name }) => !known.has(name))];
}
