import { instanceOf, isConfRef, type Join, type ObjectRef, type Unjoin, type WildcardRef } from "@sidetone/msml";
import { MAX_MEMBERS } from "../limits.ts";
import { OperationFailed } from "./failure.ts";
import type { Conference, Connection } from "./state.ts";
import type { WorkingCopy } from "./working-copy.ts";

type Found = { readonly connection: Connection } | { readonly conference: Conference };

/** RFC 5707 8.8: connection with conference, or two connections; audio both ways. Legal before the far end is known. */
export function executeJoin(copy: WorkingCopy, { id1, id2, streams }: Join): void {
  for (const { media, dir, gain, clamp } of streams) {
    if (gain !== undefined || clamp !== undefined) throw new OperationFailed(402, "<gain> and <clamp> are not served");
    if (media === "video") throw new OperationFailed(451, "video is not served");
    if (dir !== undefined) throw new OperationFailed(407, "a stream in one direction is not served");
  }
  const [first, second] = [find(copy, id1), find(copy, id2)];
  if ("connection" in first && "connection" in second) joinConnections(copy, first.connection, second.connection);
  else if ("connection" in first && "conference" in second) joinMember(copy, first.connection, second.conference);
  else if ("conference" in first && "connection" in second) joinMember(copy, second.connection, first.conference);
  else throw new OperationFailed(440, `${id1} and ${id2}: conferences cannot be joined to each other`);
}

function joinMember(copy: WorkingCopy, connection: Connection, conference: Conference): void {
  if (connection.conference === conference.name) return;
  if (isTaken(connection)) throw new OperationFailed(444, `conn:${connection.tag} is joined already`);
  if (conference.members.length >= MAX_MEMBERS) {
    throw new OperationFailed(520, `conf:${conference.name} has ${MAX_MEMBERS} members, no more are mixed`);
  }
  copy.joinConference(connection, conference);
}

function joinConnections(copy: WorkingCopy, a: Connection, b: Connection): void {
  if (a.tag === b.tag) throw new OperationFailed(440, `conn:${a.tag} cannot be joined to itself`);
  if (a.peer === b.tag) return;
  for (const one of [a, b]) if (isTaken(one)) throw new OperationFailed(444, `conn:${one.tag} is joined already`);
  copy.putConnection({ ...a, peer: b.tag });
  copy.putConnection({ ...b, peer: a.tag });
  copy.effects.push({ kind: "connect", a: a.tag, b: b.tag });
}

function isTaken(connection: Connection): boolean {
  return connection.conference !== undefined || connection.peer !== undefined;
}

/** RFC 5707 8.10. A wildcard means all that are joined to the other side, none included. */
export function executeUnjoin(copy: WorkingCopy, { id1, id2 }: Unjoin): void {
  if (!isWildcard(id1)) {
    if (isWildcard(id2)) unjoinAll(copy, id1);
    else unjoinTwo(copy, id1, id2);
  } else if (isWildcard(id2)) throw new OperationFailed(410, "a wildcard on one side only");
  else unjoinAll(copy, id2);
}

function isWildcard(id: ObjectRef | WildcardRef): id is WildcardRef {
  return id.endsWith("*");
}

function unjoinAll(copy: WorkingCopy, id: ObjectRef): void {
  const found = find(copy, id);
  if ("connection" in found) {
    leaveWhatever(copy, found.connection);
    return;
  }
  for (const tag of found.conference.members) {
    const connection = copy.connection(tag);
    if (connection !== undefined) leaveWhatever(copy, connection);
  }
}

function leaveWhatever(copy: WorkingCopy, connection: Connection): void {
  const conference = connection.conference === undefined ? undefined : copy.conference(connection.conference);
  if (conference !== undefined) copy.leaveConference(connection, conference, "unjoin");
  else copy.part(connection);
}

function unjoinTwo(copy: WorkingCopy, id1: ObjectRef, id2: ObjectRef): void {
  const [first, second] = [find(copy, id1), find(copy, id2)];
  if ("connection" in first && "connection" in second) {
    if (first.connection.peer !== second.connection.tag) throw notJoined(id1, id2);
    copy.part(first.connection);
    return;
  }
  const connection = "connection" in first ? first.connection : "connection" in second ? second.connection : undefined;
  const conference = "conference" in first ? first.conference : "conference" in second ? second.conference : undefined;
  if (connection === undefined || conference === undefined || connection.conference !== conference.name) {
    throw notJoined(id1, id2);
  }
  copy.leaveConference(connection, conference, "unjoin");
}

function notJoined(id1: string, id2: string): OperationFailed {
  return new OperationFailed(430, `${id1} and ${id2} are not joined`);
}

function find(copy: WorkingCopy, id: ObjectRef): Found {
  const name = instanceOf(id);
  if (isConfRef(id)) {
    const conference = copy.conference(name);
    if (conference !== undefined) return { conference };
  } else {
    const connection = copy.connection(name);
    if (connection !== undefined) return { connection };
  }
  throw new OperationFailed(430, `${id} does not exist`);
}
