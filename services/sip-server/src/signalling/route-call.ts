import { fail, ok } from "@sidetone/foundation";
import type { KVList } from "@sidetone/tlib";
import { CALLER } from "./phone-leg.ts";
import type { Outcome, RouteRecording, RouteWish } from "../t-library/switch.ts";
import type { CallController, Target } from "./call-controller.ts";
import type { InCall } from "./consultation.ts";
import type { Transfers } from "./transfers.ts";

/** RequestRouteCall: where a call goes that waits at a routing point, and what of it is recorded (R2). */
export async function routeCall(
  { controller, party }: InCall,
  wish: RouteWish,
  transfers: Pick<Transfers, "target">,
): Promise<Outcome> {
  const { queue } = controller;
  if (queue === undefined || party.device !== "routing-point") {
    return fail({ error: "InvalidState", message: `call ${controller.call.connId} does not wait at ${party.dn}` });
  }
  if (Object.keys(wish.userData).length > 0) {
    const changed = controller.changeUserData({ kind: "update", data: wish.userData }, party.dn);
    if (!changed.ok) return changed;
  }
  if (wish.type === "Reject") return queue.reject();
  if (wish.type === "Default" && wish.to === "") return queue.routeToDefault();
  const target = targetOf(controller, wish, transfers);
  if (!target.ok) return target;
  const fullTime = controller.parties.planFor(target.value.called).record;
  return queue.route({
    ...target.value,
    onReached: (reached) => recordRouted(controller, reached, wish.recording, fullTime),
  });
}

function targetOf(controller: CallController, wish: RouteWish, transfers: Pick<Transfers, "target">): Outcome<Target> {
  if (wish.type !== "AgentID") return transfers.target(wish.to);
  const dn = controller.context.dnOfAgent?.(wish.to);
  if (dn === undefined) {
    return fail({ error: "InvalidDestination", message: `agent ${wish.to} is not logged in` });
  }
  const found = transfers.target(dn);
  return found.ok ? ok(found.value) : found;
}

/**
 * R2, R5: what the strategy wants recorded of the party routed to (`target`) and of the caller. Gives what of it is
 * ignored, because a full-time recording overrides it.
 */
function recordRouted(
  { context, recording }: CallController,
  target: string,
  wish: RouteRecording,
  fullTime: boolean,
): KVList | undefined {
  const inverted = context.config.options.invertRouteRecordSides;
  const partyOf = (side: "source" | "destination"): string => ((side === "destination") === inverted ? CALLER : target);
  const ignored: string[] = [];
  for (const side of ["source", "destination"] as const) {
    if (!(side === "source" ? wish.disableSource : wish.disableDestination)) continue;
    recording.suppress(partyOf(side), { fullTime: wish.suppress });
    if (fullTime && !wish.suppress) ignored.push(`disable_${side}`);
  }
  const { side, id, dest, dest2, parameters, suppress, disableSource, disableDestination } = wish;
  const overridden = fullTime && !(suppress && (disableSource || disableDestination));
  if (side !== undefined && overridden) ignored.push("record");
  else if (side !== undefined) recording.select({ party: partyOf(side), id, dest, dest2, parameters });
  return ignored.length === 0 ? undefined : { ignored: ignored.join(","), reason: "FullTimeRecording" };
}
