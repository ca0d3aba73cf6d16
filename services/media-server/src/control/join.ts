import {
  instanceOf,
  isConfRef,
  isConnRef,
  type Join,
  type MediaStream,
  type ModifyStream,
  type Monitor,
  type ObjectRef,
  type Unjoin,
  type WildcardRef,
} from "@sidetone/msml";
import { MAX_INPUTS, MAX_MEMBERS } from "../limits.ts";
import { OperationFailed } from "./failure.ts";
import { checkRounds, inputsOf } from "./joined.ts";
import type { ExecutionContext, Link, StreamState } from "./state.ts";
import { checkStream, isPlainStream, settingsOf, streamAfter } from "./stream-state.ts";
import { isTwoWay, plainStream, type WorkingCopy } from "./working-copy.ts";

/** RFC 5707 8.8: connections and conferences, of either class or both. Legal before the far end is known. What is there already stays, what is new is added. */
export function executeJoin(copy: WorkingCopy, { id1, id2, streams }: Join, context: ExecutionContext): void {
  for (const stream of streams) checkStream(stream);
  find(copy, id1);
  find(copy, id2);
  if (id1 === id2) throw new OperationFailed(440, `${id1} is not joined to itself`);
  checkCompressed(id1, id2, streams, context);
  checkPreferred(id1, id2, streams);
  const before = copy.link(id1, id2) ?? {};
  const wanted = wantedOf(before, streams);
  checkRoom(copy, id1, id2, before, wanted);
  copy.setLink(id1, id2, wanted);
  const conference = [id1, id2].find(isConfRef);
  if (conference !== undefined) checkRounds(copy, conference);
  if (isConfRef(id1) && isConfRef(id2)) tellStreams(copy, id1, id2, before, wanted);
  else if (conference !== undefined) joinedConference(copy, id1, id2, before, wanted);
  else joinedConnections(copy, id1, id2, before, wanted);
}

/** Without a `<stream>` both ways; a direction that exists keeps what was set of it (RFC 5707 8.8). */
function wantedOf(before: Link, streams: readonly MediaStream[]): Link {
  let { from, to } = before;
  if (streams.length === 0) [from, to] = [from ?? plainStream, to ?? plainStream];
  for (const stream of streams) {
    if (stream.dir !== "to-id1") from = streamAfter(from, stream);
    if (stream.dir !== "from-id1") to = streamAfter(to, stream);
  }
  return { ...before, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function checkCompressed(
  id1: ObjectRef,
  id2: ObjectRef,
  streams: readonly MediaStream[],
  { codecOf }: ExecutionContext,
): void {
  if (!streams.some(({ compressed }) => compressed === true)) return;
  const same = isConnRef(id1) && isConnRef(id2) && codecOf(instanceOf(id1)) === codecOf(instanceOf(id2));
  if (!same) throw new OperationFailed(450, `${id1} and ${id2} do not have the same media format`);
}

/** RFC 5707 8.12.1: of a stream into a conference only. */
function checkPreferred(id1: ObjectRef, id2: ObjectRef, streams: readonly MediaStream[]): void {
  for (const { preferred, dir } of streams) {
    if (preferred !== true) continue;
    const into = dir === "to-id1" ? [id1] : dir === "from-id1" ? [id2] : [id1, id2];
    if (!into.some(isConfRef)) throw new OperationFailed(409, "preferred is for streams into a conference");
  }
}

/** RFC 5707 8.2: what a connection hears is bridged, up to a number of sources. */
function checkRoom(copy: WorkingCopy, id1: ObjectRef, id2: ObjectRef, before: Link, wanted: Link): void {
  for (const [ref, had, has] of [
    [id1, before.to, wanted.to],
    [id2, before.from, wanted.from],
  ] as const) {
    if (had !== undefined || has === undefined || isConfRef(ref)) continue;
    const inputs = Array.from(copy.connection(instanceOf(ref))?.links.values() ?? []).filter(
      ({ to }) => to !== undefined,
    );
    if (inputs.length >= MAX_INPUTS) throw new OperationFailed(444, `${ref} hears ${MAX_INPUTS} others already`);
  }
  if (before.from !== undefined || before.to !== undefined) return;
  for (const ref of [id1, id2]) if (isConfRef(ref)) checkInputs(copy, ref);
}

function checkInputs(copy: WorkingCopy, ref: ObjectRef): void {
  if (inputsOf(conferenceOf(copy, ref)) >= MAX_MEMBERS) {
    throw new OperationFailed(520, `${ref} has ${MAX_MEMBERS} members, no more are mixed`);
  }
}

function joinedConference(copy: WorkingCopy, id1: ObjectRef, id2: ObjectRef, before: Link, wanted: Link): void {
  const ref = isConfRef(id1) ? id1 : id2;
  const conference = conferenceOf(copy, ref);
  const joins = before.from === undefined && before.to === undefined;
  const twoWay = isTwoWay(conference);
  if (joins && twoWay) {
    copy.effects.push({ kind: "members", conference: conference.name, members: conference.members });
  }
  tellStreams(copy, id1, id2, joins && twoWay ? { from: plainStream, to: plainStream } : before, wanted);
}

function joinedConnections(copy: WorkingCopy, id1: ObjectRef, id2: ObjectRef, before: Link, wanted: Link): void {
  const joins = before.from === undefined && before.to === undefined;
  const alone = [id1, id2].every((ref) => {
    return Array.from(copy.connection(instanceOf(ref))?.links.values() ?? []).length === 1;
  });
  const connects = joins && alone && wanted.from !== undefined && wanted.to !== undefined;
  if (connects) copy.effects.push({ kind: "connect", a: instanceOf(id1), b: instanceOf(id2) });
  tellStreams(copy, id1, id2, connects ? { from: plainStream, to: plainStream } : before, wanted);
}

/** The directions that are new or changed. */
function tellStreams(copy: WorkingCopy, id1: ObjectRef, id2: ObjectRef, before: Link, wanted: Link): void {
  tell(copy, id1, id2, before.from, wanted.from);
  tell(copy, id2, id1, before.to, wanted.to);
}

function tell(
  copy: WorkingCopy,
  from: ObjectRef,
  to: ObjectRef,
  before: StreamState | undefined,
  wanted: StreamState | undefined,
): void {
  if (wanted === undefined || wanted === before) return;
  if (before !== undefined && isPlainStream(before) && isPlainStream(wanted)) return;
  copy.effects.push({ kind: "stream", from, to, settings: settingsOf(wanted) });
}

/** RFC 5707 8.9. A wildcard means all that are joined to the other side. */
export function executeModifyStream(copy: WorkingCopy, { id1, id2, streams }: ModifyStream): void {
  for (const stream of streams) checkStream(stream);
  const pairs = pairsOf(copy, id1, id2);
  for (const [a, b] of pairs) {
    checkPreferred(a, b, streams);
    const link = copy.link(a, b);
    for (const { dir } of streams) {
      const missing = (dir !== "to-id1" && link?.from === undefined) || (dir !== "from-id1" && link?.to === undefined);
      if (missing) throw new OperationFailed(430, `there is no such stream between ${a} and ${b}`);
    }
  }
  for (const [a, b] of pairs) {
    const before = copy.link(a, b) ?? {};
    const wanted = wantedOf(before, streams);
    copy.setLink(a, b, wanted);
    tellStreams(copy, a, b, before, wanted);
  }
}

/** RFC 5707 8.10. A wildcard means all that are joined to the other side, none included. */
export function executeUnjoin(copy: WorkingCopy, { id1, id2, streams }: Unjoin): void {
  const pairs = pairsOf(copy, id1, id2);
  const wild = isWildcard(id1) || isWildcard(id2);
  for (const [a, b] of pairs) {
    const link = copy.link(a, b);
    if (link === undefined) throw notJoined(a, b);
    if (streams.length === 0) copy.part(a, b, "unjoin");
    else unjoinStreams(copy, a, b, link, streams, wild);
  }
}

function unjoinStreams(
  copy: WorkingCopy,
  a: ObjectRef,
  b: ObjectRef,
  link: Link,
  streams: readonly MediaStream[],
  wild: boolean,
): void {
  let { from, to } = link;
  for (const { media, dir } of streams) {
    if (media === "video") throw new OperationFailed(430, `there is no video between ${a} and ${b}`);
    const gone = (dir !== "to-id1" && from !== undefined) || (dir !== "from-id1" && to !== undefined);
    if (!gone && !wild) throw new OperationFailed(430, `there is no such stream between ${a} and ${b}`);
    if (dir !== "to-id1") from = undefined;
    if (dir !== "from-id1") to = undefined;
  }
  if (from === undefined && to === undefined && link.listens === undefined && link.isHeard === undefined) {
    return copy.part(a, b, "unjoin");
  }
  const { from: _from, to: _to, ...rest } = link;
  copy.setLink(a, b, { ...rest, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  if (link.from !== undefined && from === undefined) copy.effects.push({ kind: "end-stream", from: a, to: b });
  if (link.to !== undefined && to === undefined) copy.effects.push({ kind: "end-stream", from: b, to: a });
  for (const ref of [a, b]) if (isConfRef(ref)) copy.forgetEmpty(instanceOf(ref), "unjoin");
}

/** RFC 5707 8.11: `id2` gets a copy of what `id1` hears, and says nothing to anybody by it. */
export function executeMonitor(
  copy: WorkingCopy,
  { id1, id2, compressed }: Monitor,
  { codecOf }: ExecutionContext,
): void {
  find(copy, id1);
  find(copy, id2);
  if (compressed && (isConfRef(id2) || codecOf(instanceOf(id1)) !== codecOf(instanceOf(id2)))) {
    throw new OperationFailed(450, `${id1} and ${id2} do not have the same media format`);
  }
  if (id1 === id2) throw new OperationFailed(440, `${id1} does not listen to itself`);
  const link = copy.link(id2, id1);
  if (link?.listens === true) return;
  if (isConfRef(id2)) checkInputs(copy, id2);
  const inputs = Array.from(copy.connection(instanceOf(id2))?.links.values() ?? []).filter(
    ({ to, listens }) => to !== undefined || listens === true,
  );
  if (isConnRef(id2) && inputs.length >= MAX_INPUTS) {
    throw new OperationFailed(444, `${id2} hears ${MAX_INPUTS} others already`);
  }
  copy.setLink(id2, id1, { ...link, listens: true });
  if (isConfRef(id2)) checkRounds(copy, id2);
  copy.effects.push({ kind: "monitor", listener: id2, target: id1 });
}

function isWildcard(id: ObjectRef | WildcardRef): id is WildcardRef {
  return id.endsWith(":*");
}

/** The pairs that are meant, as they are written: `id1` first. */
function pairsOf(
  copy: WorkingCopy,
  id1: ObjectRef | WildcardRef,
  id2: ObjectRef | WildcardRef,
): (readonly [ObjectRef, ObjectRef])[] {
  if (isWildcard(id1)) {
    if (isWildcard(id2)) throw new OperationFailed(410, "a wildcard on one side only");
    return joinedTo(copy, id2, id1).map((other) => [other, id2] as const);
  }
  if (isWildcard(id2)) return joinedTo(copy, id1, id2).map((other) => [id1, other] as const);
  find(copy, id1);
  find(copy, id2);
  if (copy.link(id1, id2) === undefined) throw notJoined(id1, id2);
  return [[id1, id2]];
}

function joinedTo(copy: WorkingCopy, id: ObjectRef, wildcard: WildcardRef): ObjectRef[] {
  find(copy, id);
  const links = Array.from(copy.object(id)?.links.keys() ?? []);
  return links.filter((ref) => (wildcard.startsWith("conf:") ? isConfRef(ref) : isConnRef(ref)));
}

function notJoined(id1: string, id2: string): OperationFailed {
  return new OperationFailed(430, `${id1} and ${id2} are not joined`);
}

function conferenceOf(copy: WorkingCopy, ref: ObjectRef) {
  const conference = copy.conference(instanceOf(ref));
  if (conference === undefined) throw new OperationFailed(430, `${ref} does not exist`);
  return conference;
}

function find(copy: WorkingCopy, ref: ObjectRef): void {
  if (copy.object(ref) === undefined) throw new OperationFailed(430, `${ref} does not exist`);
}
