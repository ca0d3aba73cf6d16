import { presentParties } from "../call-model/call.ts";
import type { CallController } from "../signalling/call-controller.ts";
import type { CallSnapshot } from "./call-snapshot.ts";
import { GIVEN_UP_STATUS, RESTART_CAUSE } from "./limits.ts";
import { setRight } from "./set-right.ts";

/**
 * R33: sets a restored call right. What was under way when the server died is given up: who rang has left, phones that
 * were just being told of other media are told what they hear; a consultation that is not there any more has ended, and
 * its phone is still held in the first call. Then the recording goes on.
 */
export async function settleCall(controller: CallController, snapshot: CallSnapshot): Promise<void> {
  const { endpoint } = controller.context;
  for (const pending of snapshot.pending) endpoint.giveUp(pending, GIVEN_UP_STATUS);
  for (const stray of snapshot.strays) endpoint.restoreSession(stray).terminate();
  for (const { id, device, state } of presentParties(controller.call)) {
    const waits = device === "routing-point" && state === "queued" && snapshot.queuedAt?.party === id;
    if (!waits && controller.phones.get(id) === undefined) controller.partyGone(id, RESTART_CAUSE);
  }
  if (controller.over) return;
  controller.queue?.resume();
  if (!controller.over) await setRight(controller, snapshot.media.moving);
  if (!controller.over) await controller.recording.resume();
}
