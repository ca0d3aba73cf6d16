import type { Conference, Connection, ControlChanges, ControlView } from "../control/index.ts";

/** No name of a conference begins like this: it has a blank. */
const ALONE = "conn ";

/** The tag in what `eventsOf` calls a connection without a conference. */
export function connectionOf(events: string): string | undefined {
  return events.startsWith(ALONE) ? events.slice(ALONE.length) : undefined;
}

/** The connections and conferences there are: the one place where `control/`'s changes arrive. */
export class ControlStore implements ControlView {
  readonly #connections = new Map<string, Connection>();
  readonly #conferences = new Map<string, Conference>();

  get conferenceCount(): number {
    return this.#conferences.size;
  }

  connection(tag: string): Connection | undefined {
    return this.#connections.get(tag);
  }

  conference(name: string): Conference | undefined {
    return this.#conferences.get(name);
  }

  connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  /** Whose events those of a connection are: its conference's, which come one after another; without one, its own. */
  eventsOf(tag: string): string {
    return this.#connections.get(tag)?.conference ?? `${ALONE}${tag}`;
  }

  /** A new connection, joined to nothing. */
  add(tag: string): void {
    this.#connections.set(tag, { tag, conference: undefined, peer: undefined, dialog: undefined });
  }

  remove(tag: string): void {
    this.#connections.delete(tag);
  }

  /** Names of the conferences that a dialog created. */
  controlledBy(tag: string): string[] {
    return Array.from(this.#conferences.values())
      .filter((conference) => conference.controlledBy === tag)
      .map(({ name }) => name);
  }

  /** The dialog plays to the connection no longer; another one is left alone. */
  endDialog(tag: string, dialog: string): void {
    const connection = this.#connections.get(tag);
    if (connection?.dialog === dialog) this.#connections.set(tag, { ...connection, dialog: undefined });
  }

  /** The conference has no recorder any more. */
  clearRecorder(name: string): void {
    const conference = this.#conferences.get(name);
    if (conference !== undefined) this.#conferences.set(name, { ...conference, recorder: undefined });
  }

  apply(changes: ControlChanges): void {
    for (const [tag, connection] of changes.connections) {
      if (this.#connections.has(tag)) this.#connections.set(tag, connection);
    }
    for (const [name, conference] of changes.conferences) {
      if (conference === undefined) this.#conferences.delete(name);
      else this.#conferences.set(name, conference);
    }
  }
}
