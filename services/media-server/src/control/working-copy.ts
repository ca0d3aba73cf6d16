import {
  confNoMedia,
  confRef,
  connRef,
  dialogOf,
  instanceOf,
  isConfRef,
  isConnRef,
  type ObjectRef,
} from "@sidetone/msml";
import { joinedWith } from "./joined.ts";
import type {
  Conference,
  Connection,
  ControlChanges,
  ControlDialog,
  ControlEffect,
  ControlView,
  Link,
  StreamState,
} from "./state.ts";

/** Changes on top of a view that itself stays as it is, with the effects they ask for. */
export class WorkingCopy implements ControlView {
  readonly #view: ControlView;
  readonly #connections = new Map<string, Connection>();
  readonly #conferences = new Map<string, Conference | undefined>();
  readonly #epochs = new Map<string, number>();
  readonly effects: ControlEffect[] = [];

  constructor(view: ControlView) {
    this.#view = view;
  }

  connection(tag: string): Connection | undefined {
    return this.#connections.get(tag) ?? this.#view.connection(tag);
  }

  conference(name: string): Conference | undefined {
    return this.#conferences.has(name) ? this.#conferences.get(name) : this.#view.conference(name);
  }

  connections(): Connection[] {
    return Array.from(this.#view.connections(), (one) => this.#connections.get(one.tag) ?? one);
  }

  conferences(): Conference[] {
    const known = Array.from(this.#view.conferences(), ({ name }) => name);
    const names = new Set([...known, ...this.#conferences.keys()]);
    return Array.from(names, (name) => this.conference(name)).filter((one) => one !== undefined);
  }

  epochOf(recording: string): number | undefined {
    return this.#epochs.get(recording) ?? this.#view.epochOf(recording);
  }

  put(conference: Conference): void {
    this.#conferences.set(conference.name, conference);
  }

  putConnection(connection: Connection): void {
    this.#connections.set(connection.tag, connection);
  }

  putEpoch(recording: string, epoch: number): void {
    this.#epochs.set(recording, epoch);
  }

  get changes(): ControlChanges {
    return { connections: this.#connections, conferences: this.#conferences, epochs: this.#epochs };
  }

  /** A connection or a conference. */
  object(ref: ObjectRef): Connection | Conference | undefined {
    return isConfRef(ref) ? this.conference(instanceOf(ref)) : this.connection(instanceOf(ref));
  }

  link(a: ObjectRef, b: ObjectRef): Link | undefined {
    return this.object(a)?.links.get(b);
  }

  /** Both ends of what joins two objects, seen from `a`; undefined where nothing does any more. The conference's members follow. */
  setLink(a: ObjectRef, b: ObjectRef, link: Link | undefined): void {
    this.#putLink(a, b, link);
    this.#putLink(b, a, link === undefined ? undefined : reversed(link));
  }

  #putLink(at: ObjectRef, other: ObjectRef, link: Link | undefined): void {
    const object = this.object(at);
    if (object === undefined) return;
    const links = new Map(object.links);
    if (link === undefined) links.delete(other);
    else links.set(other, link);
    if ("tag" in object) {
      const copies = isConfRef(other) && link?.isHeard === true ? [instanceOf(other)] : [];
      const others = object.copiedTo.filter((name) => isConnRef(other) || name !== instanceOf(other));
      return this.putConnection({ ...object, links, copiedTo: [...others, ...copies] });
    }
    if (isConfRef(other)) return this.put({ ...object, links });
    const tag = instanceOf(other);
    const streams = link?.from !== undefined || link?.to !== undefined;
    const others = object.members.filter((member) => member !== tag);
    const members = streams ? (object.members.includes(tag) ? object.members : [...others, tag]) : others;
    this.put({ ...object, links, members });
  }

  putDialog(root: ObjectRef, dialog: ControlDialog | undefined, name: string): void {
    const object = this.object(root);
    if (object === undefined) return;
    const dialogs = new Map(object.dialogs);
    if (dialog === undefined) dialogs.delete(name);
    else dialogs.set(name, dialog);
    if ("tag" in object) this.putConnection({ ...object, dialogs });
    else this.put({ ...object, dialogs });
  }

  /** Takes everything away that joins two objects. RFC 5707 8.3: with `nomedia` a conference goes with its last participant. */
  part(a: ObjectRef, b: ObjectRef, reason: string): void {
    const link = this.link(a, b);
    if (link === undefined) return;
    if (link.listens === true && isConnRef(b)) this.effects.push({ kind: "end-monitor", listener: a, target: b });
    if (link.isHeard === true && isConnRef(a)) this.effects.push({ kind: "end-monitor", listener: b, target: a });
    this.setLink(a, b, undefined);
    if (link.from === undefined && link.to === undefined) return;
    if (isConfRef(a) && isConfRef(b)) return this.#apart(a, b, link, reason);
    const conference = isConfRef(a) ? a : isConfRef(b) ? b : undefined;
    if (conference !== undefined) this.#left(conference, conference === a ? b : a, link, reason);
    else this.endStreams(a, b, link);
  }

  /** Of two connections. */
  endStreams(a: ObjectRef, b: ObjectRef, link: Link): void {
    if (link.from !== undefined && link.to !== undefined) {
      this.effects.push({ kind: "disconnect", a: instanceOf(a), b: instanceOf(b) });
    } else if (link.from !== undefined) this.effects.push({ kind: "end-stream", from: a, to: b });
    else this.effects.push({ kind: "end-stream", from: b, to: a });
  }

  /** Of two conferences. */
  #apart(a: ObjectRef, b: ObjectRef, { from, to }: Link, reason: string): void {
    if (from !== undefined) this.effects.push({ kind: "end-stream", from: a, to: b });
    if (to !== undefined) this.effects.push({ kind: "end-stream", from: b, to: a });
    for (const ref of [a, b]) this.forgetEmpty(instanceOf(ref), reason);
  }

  #left(ref: ObjectRef, member: ObjectRef, link: Link, reason: string): void {
    const conference = this.conference(instanceOf(ref));
    if (conference === undefined) return;
    // Without a member the engine would end it, and with it what other conferences say here.
    const goesOn = conference.members.length === 0 && conference.links.size > 0;
    if (isTwoWay(conference) && !goesOn) {
      this.effects.push({ kind: "members", conference: conference.name, members: conference.members });
      // A one-way stream that was the odd one among them is ended by itself.
      if (link.from === undefined || link.to === undefined) this.#endOneWay(ref, member);
    } else this.#endOneWay(ref, member);
    this.forgetEmpty(conference.name, reason);
  }

  #endOneWay(ref: ObjectRef, member: ObjectRef): void {
    this.effects.push({ kind: "end-stream", from: member, to: ref }, { kind: "end-stream", from: ref, to: member });
  }

  /** True while a connection has a stream with it, or with a conference that it is joined to in whatever way. */
  hasParticipants(name: string): boolean {
    return joinedWith(this, name).some((one) => (this.conference(one)?.members.length ?? 0) > 0);
  }

  /** RFC 5707 8.3: `nomedia`. */
  forgetEmpty(name: string, reason: string): void {
    const conference = this.conference(name);
    if (conference?.deleteWhen !== "nomedia" || this.hasParticipants(name)) return;
    this.destroy(conference, reason);
    this.effects.push({ kind: "event", name: confNoMedia, id: confRef(name), to: conference.controlledBy });
  }

  /** RFC 5707 8.5; with `term` the connections that are left end too. */
  destroy(conference: Conference, reason: string): void {
    const ref = confRef(conference.name);
    for (const name of conference.dialogs.keys()) this.effects.push({ kind: "end-dialog", id: dialogOf(ref, name) });
    if (conference.recorder !== undefined) {
      this.effects.push({ kind: "end-recorder", conference: conference.name, reason });
    }
    for (const other of conference.links.keys()) this.#putLink(other, ref, undefined);
    this.effects.push({ kind: "members", conference: conference.name, members: [] });
    if (conference.term) {
      for (const tag of conference.members) this.effects.push({ kind: "hang-up", tag, reason });
    }
    this.#conferences.set(conference.name, undefined);
    // Nobody may be left whom those that it joined are there for.
    for (const other of conference.links.keys()) if (isConfRef(other)) this.forgetEmpty(instanceOf(other), reason);
  }
}

/** True where every participant speaks and hears. */
export function isTwoWay(conference: Conference): boolean {
  return conference.members.every((tag) => {
    const link = conference.links.get(connRef(tag));
    return link?.from !== undefined && link.to !== undefined;
  });
}

/** The conferences that a connection has streams with. */
export function conferencesOf(connection: Connection): string[] {
  return Array.from(connection.links)
    .filter(([ref, { from, to }]) => isConfRef(ref) && (from !== undefined || to !== undefined))
    .map(([ref]) => instanceOf(ref));
}

/** The same from the other end. */
export function reversed({ from, to, listens, isHeard }: Link): Link {
  return {
    ...(to === undefined ? {} : { from: to }),
    ...(from === undefined ? {} : { to: from }),
    ...(isHeard === undefined ? {} : { listens: isHeard }),
    ...(listens === undefined ? {} : { isHeard: listens }),
  };
}

/** A stream that nothing was said about. */
export const plainStream: StreamState = { muted: false, loudness: undefined, clamp: undefined, preferred: false };
