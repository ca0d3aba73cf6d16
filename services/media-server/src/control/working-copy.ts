import { confRef } from "@sidetone/msml";
import type { Conference, Connection, ControlChanges, ControlEffect, ControlView } from "./state.ts";

/** Changes on top of a view that itself stays as it is, with the effects they ask for. */
export class WorkingCopy implements ControlView {
  readonly #view: ControlView;
  readonly #connections = new Map<string, Connection>();
  readonly #conferences = new Map<string, Conference | undefined>();
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

  put(conference: Conference): void {
    this.#conferences.set(conference.name, conference);
  }

  putConnection(connection: Connection): void {
    this.#connections.set(connection.tag, connection);
  }

  get changes(): ControlChanges {
    return { connections: this.#connections, conferences: this.#conferences };
  }

  /** Members hear each other: two are relayed, more are mixed. */
  joinConference(connection: Connection, conference: Conference): void {
    const [first, ...more] = conference.members;
    const members = [...conference.members, connection.tag];
    this.put({ ...conference, members });
    this.putConnection({ ...connection, conference: conference.name });
    if (first === undefined) return;
    if (more.length === 0) this.effects.push({ kind: "connect", a: first, b: connection.tag });
    else this.effects.push({ kind: "members", conference: conference.name, members });
  }

  /** Takes a member out; RFC 5707 8.3: with `nomedia` a conference goes with its last one. */
  leaveConference(connection: Connection, conference: Conference, reason: string): void {
    const members = conference.members.filter((tag) => tag !== connection.tag);
    this.putConnection({ ...connection, conference: undefined });
    const [other] = members;
    if (members.length > 1) this.effects.push({ kind: "members", conference: conference.name, members });
    else if (other !== undefined) this.effects.push({ kind: "disconnect", a: other, b: connection.tag });
    const left = { ...conference, members };
    this.put(left);
    if (members.length === 0 && conference.deleteWhen === "nomedia") {
      this.destroy(left, reason);
      this.effects.push({
        kind: "event",
        conference: conference.name,
        name: "msml.conf.nomedia",
        id: confRef(conference.name),
      });
    }
  }

  /** Undoes a direct join. */
  part(connection: Connection): void {
    const { tag, peer } = connection;
    if (peer === undefined) return;
    const other = this.connection(peer);
    if (other !== undefined) this.putConnection({ ...other, peer: undefined });
    this.putConnection({ ...connection, peer: undefined });
    this.effects.push({ kind: "disconnect", a: tag, b: peer });
  }

  /** RFC 5707 8.5; with `term` the connections that are left end too. */
  destroy(conference: Conference, reason: string): void {
    if (conference.recorder !== undefined) {
      this.effects.push({ kind: "end-recorder", conference: conference.name, reason });
    }
    const [first, second, third] = conference.members;
    if (third !== undefined) this.effects.push({ kind: "members", conference: conference.name, members: [] });
    else if (first !== undefined && second !== undefined)
      this.effects.push({ kind: "disconnect", a: first, b: second });
    for (const tag of conference.members) {
      const connection = this.connection(tag);
      if (connection !== undefined) this.putConnection({ ...connection, conference: undefined });
      if (conference.term) this.effects.push({ kind: "hang-up", tag, reason });
    }
    this.#conferences.set(conference.name, undefined);
  }
}
