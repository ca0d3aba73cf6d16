import { type ConfRef, confRef, connRef, instanceOf, isConfRef } from "@sidetone/msml";
import { MAX_JOINED } from "../limits.ts";
import { OperationFailed } from "./failure.ts";
import type { Conference, ControlView } from "./state.ts";

/** Names of all conferences that streams join to this one, directly or through others; its own is the first. */
export function joinedWith(view: ControlView, name: string): string[] {
  const found = new Set([name]);
  for (const one of found) for (const other of conferencesBeside(view.conference(one))) found.add(other);
  return Array.from(found);
}

/** What feeds a conference, as far as it is limited: members, conferences, copies of what somebody hears (RFC 5707 8.8, 8.11). */
export function inputsOf({ members, links }: Conference): number {
  let others = 0;
  for (const [ref, { listens }] of links) others += (isConfRef(ref) ? 1 : 0) + (listens === true ? 1 : 0);
  return members.length + others;
}

/**
 * Throws 440 where a sound would come back to where it came from: a conference to itself, or a connection's own voice to it. 521 where more
 * are joined than are mixed together. To be asked when the links are there already.
 */
export function checkRounds(view: ControlView, ref: ConfRef): void {
  const start = instanceOf(ref);
  if (joinedWith(view, start).length > MAX_JOINED) {
    throw new OperationFailed(521, `${ref}: no more than ${MAX_JOINED} conferences are joined together`);
  }
  if (reachedFrom(view, start).has(start)) {
    throw new OperationFailed(440, `what is said in ${ref} would come back to it`);
  }
  const { conferences, tags } = surroundings(view, start);
  if (conferences.size > 1) for (const tag of tags) checkEcho(view, tag);
}

function checkEcho(view: ControlView, tag: string): void {
  const links = view.connection(tag)?.links;
  for (const [ref, { from }] of links ?? []) {
    if (from === undefined || !isConfRef(ref)) continue;
    for (const reached of reachedFrom(view, instanceOf(ref))) {
      if (links?.get(confRef(reached))?.to === undefined) continue;
      throw new OperationFailed(440, `${connRef(tag)} would hear itself: it says in ${ref}, hears conf:${reached}`);
    }
  }
}

/** Where the sound of a conference goes: to those joined to it, never back where it came from, and by who listens to its members. */
function reachedFrom(view: ControlView, start: string): Set<string> {
  const reached = new Set<string>();
  const seen = new Set<string>();
  const ways: (readonly [name: string, but: string | undefined])[] = [[start, undefined]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const [name, but] = way;
    for (const [ref, { from }] of view.conference(name)?.links ?? []) {
      if (from === undefined) continue;
      const next: typeof ways = isConfRef(ref)
        ? [[instanceOf(ref), name]]
        : (view.connection(instanceOf(ref))?.copiedTo ?? []).map((other) => [other, undefined] as const);
      for (const [other, back] of next) {
        if (back !== undefined && other === but) continue;
        reached.add(other);
        const key = `${other} ${back ?? ""}`;
        if (!seen.has(key)) ways.push([other, back]);
        seen.add(key);
      }
    }
  }
  return reached;
}

/** All conferences that sound may come from or go to, and the connections in them. */
function surroundings(view: ControlView, start: string): { conferences: Set<string>; tags: Set<string> } {
  const conferences = new Set([start]);
  const tags = new Set<string>();
  for (const name of conferences) {
    for (const [ref, { from, to, listens }] of view.conference(name)?.links ?? []) {
      if (isConfRef(ref)) {
        conferences.add(instanceOf(ref));
        continue;
      }
      const connection = view.connection(instanceOf(ref));
      if (connection === undefined) continue;
      if (from !== undefined || to !== undefined) tags.add(connection.tag);
      if (from !== undefined) for (const other of connection.copiedTo) conferences.add(other);
      // Whom it listens to brings along what that one hears.
      if (listens === true) for (const other of conferencesBeside(connection)) conferences.add(other);
    }
  }
  return { conferences, tags };
}

function conferencesBeside(object: { readonly links: Conference["links"] } | undefined): string[] {
  return Array.from(object?.links ?? [])
    .filter(([ref, { from, to }]) => isConfRef(ref) && (from !== undefined || to !== undefined))
    .map(([ref]) => instanceOf(ref));
}
