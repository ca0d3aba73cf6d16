import { type AudioMix, confRef, instanceOf, isConfRef, type MsmlEvent, type ObjectRef } from "@sidetone/msml";
import type { ControlEffect } from "../control/index.ts";
import { COMFORT_NOISE_DB } from "../limits.ts";
import type { AudioNode, ConferenceOptions, MediaEngine } from "../media/index.ts";
import type { Client } from "./clients.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Recorders } from "./recorders.ts";

/** What carrying out is given. */
export interface PerformerOptions {
  readonly engine: MediaEngine;
  readonly dialogs: Dialogs;
  readonly recorders: Recorders;
  /** The engine's number of a connection's leg; undefined where it is gone. */
  readonly legOf: (tag: string) => number | undefined;
  readonly hangUp: (tag: string) => void;
  /** To one SIP dialog, where it is still there. */
  readonly event: (client: Client, object: ObjectRef, to: string, event: MsmlEvent) => void;
}

/** Carries out what the execution of MSML asks for, on the engine, the dialogs and the recorders. */
export class Performer {
  readonly #o: PerformerOptions;
  /** Conferences that the engine was told how to mix. */
  readonly #mixed = new Set<string>();

  constructor(options: PerformerOptions) {
    this.#o = options;
  }

  /** The engine's name of an object; undefined where it is gone. */
  node(client: Client, ref: ObjectRef): AudioNode | undefined {
    const name = instanceOf(ref);
    if (!isConfRef(ref)) return client.store.connection(name) === undefined ? undefined : this.#o.legOf(name);
    return client.store.conference(name) === undefined ? undefined : engineName(client, name);
  }

  /** Rejects where it is not carried out. A leg that is gone took its streams with it. */
  async perform(client: Client, effect: ControlEffect): Promise<void> {
    const { engine, dialogs, recorders, legOf } = this.#o;
    switch (effect.kind) {
      case "connect":
      case "disconnect": {
        const [a, b] = [legOf(effect.a), legOf(effect.b)];
        if (a !== undefined && b !== undefined) await engine[effect.kind](a, b);
        return;
      }
      case "members":
        return this.#members(client, effect.conference, effect.members);
      case "mix":
        return this.#mix(client, effect.conference, effect.audiomix);
      case "stream": {
        const [from, to] = [this.node(client, effect.from), this.node(client, effect.to)];
        if (isConfRef(effect.from) && isConfRef(effect.to)) await this.#mixAll(client, effect.from, effect.to);
        if (from !== undefined && to !== undefined) await engine.setStream(from, to, effect.settings);
        await this.#joined(client, effect.from, effect.to);
        return;
      }
      case "end-stream": {
        const [from, to] = [this.node(client, effect.from), this.node(client, effect.to)];
        if (from !== undefined && to !== undefined) await engine.endStream(from, to);
        await this.#joined(client, effect.from, effect.to);
        return;
      }
      case "monitor":
      case "end-monitor": {
        const [listener, target] = [this.node(client, effect.listener), this.node(client, effect.target)];
        if (listener === undefined || target === undefined) return;
        if (effect.kind === "end-monitor") return engine.endMonitor(listener, target);
        await this.#mixAll(client, effect.listener);
        return engine.monitor(listener, target);
      }
      case "recorder":
        return recorders.command(client, effect);
      case "end-recorder":
        return recorders.end(client, effect.conference, effect.reason);
      case "start-dialog": {
        const { root, name, startedBy, content } = effect;
        return dialogs.start({ client, root, name, startedBy }, content);
      }
      case "end-dialog":
        return dialogs.end(client, effect.id);
      case "send":
        return dialogs.send(client, effect.id, effect.event, effect.primitive);
      case "event":
        return this.#o.event(client, effect.id, effect.to, { name: effect.name, id: effect.id, values: [] });
      case "hang-up":
        return this.#o.hangUp(effect.tag);
    }
  }

  async #members(client: Client, name: string, members: readonly string[]): Promise<void> {
    const { engine, legOf, dialogs, recorders } = this.#o;
    const key = engineName(client, name);
    const conference = client.store.conference(name);
    if (members.length > 2 && conference !== undefined) await this.#mixAll(client, confRef(name));
    if (members.length === 0) this.#mixed.delete(key);
    await engine.setConference(
      key,
      members.map(legOf).filter((leg) => leg !== undefined),
    );
    dialogs.membersChanged(client, name);
    await recorders.membersChanged(client, name);
  }

  async #joined(client: Client, ...refs: readonly ObjectRef[]): Promise<void> {
    // Recordings and dialogs of a conference are about its own members.
    if (refs.every(isConfRef)) return;
    for (const ref of refs.filter(isConfRef)) {
      this.#o.dialogs.membersChanged(client, instanceOf(ref));
      await this.#o.recorders.membersChanged(client, instanceOf(ref));
    }
  }

  /** Those that are not told yet how to mix. */
  async #mixAll(client: Client, ...refs: readonly ObjectRef[]): Promise<void> {
    for (const ref of refs) {
      const conference = isConfRef(ref) ? client.store.conference(instanceOf(ref)) : undefined;
      if (conference === undefined || this.#mixed.has(engineName(client, conference.name))) continue;
      await this.#mix(client, conference.name, conference.audiomix);
    }
  }

  async #mix(client: Client, name: string, { nLoudest, asn }: AudioMix): Promise<void> {
    const key = engineName(client, name);
    const options: ConferenceOptions = {
      comfortNoiseDb: COMFORT_NOISE_DB,
      ...(nLoudest === undefined ? {} : { nLoudest }),
      ...(asn === undefined || asn.intervalMs === 0
        ? {}
        : { speakers: { intervalMs: Math.max(100, asn.intervalMs), thresholdDb: asn.thresholdDb } }),
    };
    this.#mixed.add(key);
    await this.#o.engine.configureConference(key, options);
  }
}

/** A conference's name at the engine: clients may give the same names. */
export function engineName(client: Client, conference: string): string {
  return `${client.id}/${conference}`;
}

/** Whose conference an engine's name means. */
export function conferenceIn(
  clients: Iterable<Client>,
  name: string,
): { client: Client; conference: string } | undefined {
  const at = name.indexOf("/");
  for (const client of clients) {
    if (client.id === name.slice(0, at)) return { client, conference: name.slice(at + 1) };
  }
  return undefined;
}
