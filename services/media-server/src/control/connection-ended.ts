import type { ControlChanges, ControlEffect, ControlView } from "./state.ts";
import { WorkingCopy } from "./working-copy.ts";

/**
 * A connection's dialog is over: it leaves what it was joined to. RFC 5707 8.3: conferences that it controlled with
 * `deletewhen="nocontrol"` go, and with them their participants.
 */
export function connectionEnded(
  view: ControlView,
  tag: string,
  controlled: readonly string[],
): { readonly changes: ControlChanges; readonly effects: readonly ControlEffect[] } {
  const copy = new WorkingCopy(view);
  const connection = copy.connection(tag);
  const conference = connection?.conference === undefined ? undefined : copy.conference(connection.conference);
  if (connection !== undefined && conference !== undefined) {
    copy.leaveConference(connection, conference, "last participant left");
  } else if (connection !== undefined) copy.part(connection);
  for (const name of controlled) {
    const owned = copy.conference(name);
    if (owned?.deleteWhen !== "nocontrol" || owned.controlledBy !== tag) continue;
    copy.destroy({ ...owned, term: true }, "control dialog ended");
  }
  return { changes: copy.changes, effects: copy.effects };
}
