import {
  connRef,
  instanceOf,
  isConfRef,
  type MsmlOperation,
  type ObjectRef,
  paramOf,
  type Unjoin,
} from "@sidetone/msml";
import { needsOf } from "../dialogs/index.ts";
import { MAX_MEMBERS } from "../limits.ts";
import { isFile } from "./dialog.ts";
import type { ControlView, FreeResources } from "./state.ts";

/**
 * RFC 5707 section 5: before anything of a document runs, there must be room for all of it. What is missing; undefined where nothing is.
 * What an operation gives back counts for those after it.
 */
export function missingResource(
  view: ControlView,
  operations: readonly MsmlOperation[],
  free: FreeResources,
): string | undefined {
  const need = { conferences: 0, dialogs: 0, taps: 0 };
  /** Who is in a conference, other conferences among them. */
  const members = new Map<string, Set<ObjectRef>>();
  const created = new Set<string>();
  const membersOf = (name: string): Set<ObjectRef> => {
    const conference = members.has(name) ? undefined : view.conference(name);
    const joined = Array.from(conference?.links.keys() ?? []).filter(isConfRef);
    const known = members.get(name) ?? new Set([...(conference?.members ?? []).map(connRef), ...joined]);
    members.set(name, known);
    return known;
  };
  for (const operation of operations) {
    switch (operation.op) {
      case "createconference": {
        need.conferences += 1;
        if (operation.name !== undefined) created.add(operation.name);
        const reserved = (operation.reserve?.resources ?? []).reduce((sum, { n }) => sum + n, 0);
        if (operation.reserve?.required === true && reserved > free.taps) return `room for ${reserved} more`;
        break;
      }
      case "destroyconference":
        if (view.conference(instanceOf(operation.id)) !== undefined || created.delete(instanceOf(operation.id))) {
          need.conferences -= 1;
        }
        members.set(instanceOf(operation.id), new Set());
        break;
      case "join": {
        const { id1, id2 } = operation;
        for (const [conf, other] of [
          [id1, id2],
          [id2, id1],
        ] as const) {
          if (!isConfRef(conf)) continue;
          const joined = membersOf(instanceOf(conf)).add(other);
          if (joined.size > MAX_MEMBERS) return `${conf}: no more than ${MAX_MEMBERS} members are mixed`;
        }
        break;
      }
      case "unjoin":
        forgetMembers(membersOf, operation.id1, operation.id2);
        forgetMembers(membersOf, operation.id2, operation.id1);
        break;
      case "dialogstart":
        need.dialogs += 1;
        if (operation.content.kind === "inline") {
          for (const { dest, audioDest } of needsOf(operation.content.script).records) {
            if (!isFile(dest ?? audioDest ?? "")) need.taps += isConfRef(operation.target) ? 2 : 1;
          }
        }
        break;
      case "modifyconference": {
        const { recorder } = operation;
        if (recorder?.state !== "start") break;
        const labels = new Set(recorder.streams.map(({ label }) => label)).size;
        need.taps += labels * (paramOf(recorder.params, "dest2") === undefined ? 1 : 2);
        break;
      }
      case "audit":
      case "dialogend":
      case "modifystream":
      case "monitor":
      case "send":
    }
    if (need.conferences > free.conferences) return "a conference";
    if (need.dialogs > free.dialogs) return "a dialog";
    if (need.taps > free.taps) return "RTP ports for a recording";
  }
  return undefined;
}

/** `other` leaves `conf`, where that is a conference. */
function forgetMembers(membersOf: (name: string) => Set<ObjectRef>, other: Unjoin["id1"], conf: Unjoin["id1"]): void {
  if (!isConfRef(conf)) return;
  const members = membersOf(instanceOf(conf));
  for (const ref of Array.from(members)) {
    if (ref === other || (other.endsWith(":*") && ref.startsWith(other.slice(0, 5)))) members.delete(ref);
  }
}
