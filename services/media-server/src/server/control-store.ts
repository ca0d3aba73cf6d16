import { instanceOf, isConfRef, type ObjectRef } from "@sidetone/msml";
import type { Conference, ConferenceRecorder, Connection, ControlChanges, ControlView } from "../control/index.ts";
import { MAX_EPOCHS } from "../limits.ts";

/** The connections and conferences of one client: the one place where `control/`'s changes arrive. */
export class ControlStore implements ControlView {
  readonly #connections = new Map<string, Connection>();
  readonly #conferences = new Map<string, Conference>();
  readonly #epochs: Map<string, number>;

  /** @param epochs of all clients: a recording is the same whoever asks for it */
  constructor(epochs: Map<string, number> = new Map()) {
    this.#epochs = epochs;
  }

  get conferenceCount(): number {
    return this.#conferences.size;
  }

  get isEmpty(): boolean {
    return this.#connections.size === 0 && this.#conferences.size === 0;
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

  conferences(): Iterable<Conference> {
    return this.#conferences.values();
  }

  epochOf(recording: string): number | undefined {
    return this.#epochs.get(recording);
  }

  object(ref: ObjectRef): Connection | Conference | undefined {
    return isConfRef(ref) ? this.conference(instanceOf(ref)) : this.connection(instanceOf(ref));
  }

  /** A new connection, joined to nothing. */
  add(tag: string): void {
    this.#connections.set(tag, { tag, links: new Map(), dialogs: new Map(), copiedTo: [] });
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

  /** The dialog is over; true where it was there. */
  endDialog(root: ObjectRef, name: string): boolean {
    const object = this.object(root);
    if (object?.dialogs.has(name) !== true) return false;
    const dialogs = new Map(object.dialogs);
    dialogs.delete(name);
    if ("tag" in object) this.#connections.set(object.tag, { ...object, dialogs });
    else this.#conferences.set(object.name, { ...object, dialogs });
    return true;
  }

  /** A dialog of a conference records; false where something does already. */
  setRecorder(name: string, recorder: ConferenceRecorder): boolean {
    const conference = this.#conferences.get(name);
    if (conference === undefined || conference.recorder !== undefined) return false;
    this.#conferences.set(name, { ...conference, recorder });
    return true;
  }

  /** The conference has no recorder of that id any more. */
  clearRecorder(name: string, id: string): void {
    const conference = this.#conferences.get(name);
    if (conference?.recorder?.id === id) this.#conferences.set(name, { ...conference, recorder: undefined });
  }

  apply(changes: ControlChanges): void {
    for (const [tag, connection] of changes.connections) {
      if (this.#connections.has(tag)) this.#connections.set(tag, connection);
    }
    for (const [name, conference] of changes.conferences) {
      if (conference === undefined) this.#conferences.delete(name);
      else this.#conferences.set(name, conference);
    }
    for (const [recording, epoch] of changes.epochs) {
      this.#epochs.delete(recording);
      this.#epochs.set(recording, epoch);
      const [oldest] = this.#epochs.keys();
      if (this.#epochs.size > MAX_EPOCHS && oldest !== undefined) this.#epochs.delete(oldest);
    }
  }
}
