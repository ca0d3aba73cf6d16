import { presentParties } from "../call-model/call.ts";
import type { CallController } from "../signalling/call-controller.ts";
import { comeBack } from "../signalling/consultation.ts";
import type { CallSnapshot } from "./call-snapshot.ts";
import { GIVEN_UP_STATUS, RESTART_CAUSE } from "./limits.ts";

/**
 * R33: sets a restored call right. What was under way when the server died is given up: who rang has left, a consultation
 * that is not there any more gives its phone back, phones that were just being told of other media are told what they
 * hear. Then the recording goes on.
 */
export async function settleCall(
  controller: CallController,
  snapshot: CallSnapshot,
  all: readonly CallController[],
): Promise<void> {
  for (const pending of snapshot.pending) controller.context.endpoint.giveUp(pending, GIVEN_UP_STATUS);
  for (const { id, device, state } of presentParties(controller.call)) {
    const waits = device === "routing-point" && state === "queued" && snapshot.queuedAt?.party === id;
    if (!waits && controller.phones.get(id) === undefined) controller.partyGone(id, RESTART_CAUSE);
  }
  if (controller.over) return;
  controller.queue?.resume();
  await takeBack(controller, all);
  if (mediaUnsure(controller, snapshot) && !controller.over) await controller.path.showAll();
  if (!controller.over) await controller.recording.resume();
}

/** A phone that was away in a call which is not there any more talks here again. */
async function takeBack(controller: CallController, all: readonly CallController[]): Promise<void> {
  for (const party of presentParties(controller.call)) {
    if (!controller.path.isAway(party.id)) continue;
    const session = controller.phones.get(party.id)?.session;
    const elsewhere = all.some(
      (other) => other !== controller && !other.over && other.phones.all.some((leg) => leg.session === session),
    );
    if (!elsewhere) await comeBack({ controller, party });
  }
}

/** Phones were being moved, or one that is in the call has no media there yet. */
function mediaUnsure(controller: CallController, { media, anchor }: CallSnapshot): boolean {
  if (media.moving) return true;
  const served = new Set(media.served.map(({ party }) => party));
  const legs = new Set(anchor?.legs.map(({ name }) => name));
  const placed = (party: string): boolean => served.has(party) && (anchor === undefined || legs.has(party));
  if (controller.phones.all.some(({ party }) => !placed(party))) return true;
  return anchor === undefined && served.size > 2;
}
