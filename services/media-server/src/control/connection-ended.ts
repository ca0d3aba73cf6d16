import { connRef, dialogOf } from "@sidetone/msml";
import type { ControlChanges, ControlEffect, ControlView } from "./state.ts";
import { WorkingCopy } from "./working-copy.ts";

/**
 * A connection's dialog is over: it leaves what it was joined to, its dialogs end. RFC 5707 8.3: conferences that it controlled with
 * `deletewhen="nocontrol"` go, and with them their participants.
 */
export function connectionEnded(
  view: ControlView,
  tag: string,
  controlled: readonly string[],
): { readonly changes: ControlChanges; readonly effects: readonly ControlEffect[] } {
  const copy = new WorkingCopy(view);
  const ref = connRef(tag);
  const connection = copy.connection(tag);
  for (const name of connection?.dialogs.keys() ?? [])
    copy.effects.push({ kind: "end-dialog", id: dialogOf(ref, name) });
  for (const other of Array.from(connection?.links.keys() ?? [])) copy.part(ref, other, "last participant left");
  for (const name of controlled) {
    const owned = copy.conference(name);
    if (owned?.controlledBy !== tag) continue;
    if (owned.deleteWhen === "nocontrol") copy.destroy({ ...owned, term: true }, "control dialog ended");
    // Nobody ever came, and nobody is left who would.
    else if (owned.deleteWhen === "nomedia" && !copy.hasParticipants(name)) copy.destroy(owned, "control dialog ended");
  }
  return { changes: copy.changes, effects: copy.effects };
}
