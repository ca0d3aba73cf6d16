import type { CallController } from "../signalling/call-controller.ts";
import { CONFERENCE_ATTEMPTS } from "../signalling/media-path-options.ts";

/**
 * R33: the phones of a restored call, and nobody else, have their places in its media.
 * @param unsure phones were just being told of other media when the server died: each is told again
 */
export async function setRight({ path, phones }: CallController, unsure: boolean): Promise<void> {
  const legs = phones.all;
  const { anchor } = path;
  const wanted = new Set(legs.map(({ party }) => party));
  for (const name of anchor?.names ?? []) if (!wanted.has(name)) anchor?.removeLeg(name);
  const unserved = new Set(legs.filter(({ party }) => !path.parties.includes(party)));
  for (const leg of unserved) path.serve(leg);
  if (anchor === undefined) {
    const [leg] = legs;
    if (legs.length > 2) await path.anchorForRecording(CONFERENCE_ATTEMPTS);
    else if (leg !== undefined && legs.length === 2 && (unsure || unserved.size > 0))
      await path.putBack(leg.party, leg);
    return;
  }
  for (const leg of legs) {
    if (path.isAway(leg.party)) continue;
    if (!anchor.names.includes(leg.party)) await path.adopt(leg, { mixed: true, onJoined: () => Promise.resolve() });
    else if (unsure || unserved.has(leg)) await path.putBack(leg.party, leg);
  }
}
