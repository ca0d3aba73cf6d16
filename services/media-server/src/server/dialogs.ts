import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import { errorText, SidetoneError } from "@sidetone/foundation";
import {
  type DialogContent,
  type DialogFailure,
  type DialogRecord,
  dialogExitEvent,
  dialogOf,
  type DialogRef,
  type DialogScript,
  instanceOf,
  isConfRef,
  type MsmlEvent,
  type ObjectRef,
  readMoml,
} from "@sidetone/msml";
import type { RunningDialog } from "../control/index.ts";
import {
  type DialogEffect,
  type DialogInput,
  type DialogState,
  needsOf,
  newDialog,
  primitiveOf,
  runsNow,
  stepDialog,
} from "../dialogs/index.ts";
import type { AudioNode, Detection, MediaEngine } from "../media/index.ts";
import type { Sources } from "../prompts/index.ts";
import type { Client } from "./clients.ts";
import { DialogMedia, type DialogMediaOptions, failureOf } from "./dialog-media.ts";

/** How long `dialogend` waits for a dialog's end, ms. */
const END_MS = 500;

/** What dialogs are given. */
export interface DialogsOptions extends Pick<DialogMediaOptions, "engine" | "sources" | "fileOf"> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly sources: Sources;
  readonly node: (client: Client, ref: ObjectRef) => AudioNode | undefined;
  readonly record: (
    place: DialogPlace,
    key: string,
    record: DialogRecord,
    suspended: boolean,
    ended: (failure: DialogFailure | undefined) => void,
  ) => ReturnType<DialogMediaOptions["record"]>;
  /** Tells the SIP dialog that carried the request. Resolves when it was heard, or nobody is there. */
  readonly event: (place: DialogPlace, event: MsmlEvent) => Promise<void>;
  /** RFC 5707 9.6.5. */
  readonly hangUp: (client: Client, root: ObjectRef) => void;
}

/** Whose a dialog is, and where. */
export interface DialogPlace {
  readonly client: Client;
  readonly root: ObjectRef;
  readonly name: string;
  /** SIP dialog that carried its `dialogstart`. */
  readonly startedBy: string;
}

interface Running {
  readonly place: DialogPlace;
  readonly id: DialogRef;
  readonly media: DialogMedia;
  readonly timers: Map<string, Cancel>;
  /** Inputs that came while one was taken. */
  readonly waiting: DialogInput[];
  readonly abort: AbortController;
  /** The engine's numbers of its plays. */
  readonly plays: Set<number>;
  readonly over: PromiseWithResolvers<void>;
  state: DialogState | undefined;
  taking: boolean;
}

/** The dialogs that run: the machine of each, its media, its timers and its events. */
export class Dialogs {
  readonly #o: DialogsOptions;
  readonly #running = new Map<string, Running>();
  readonly #plays = new Map<number, Running>();
  readonly #recordings = new Map<number, Running>();
  /** What the engine was asked to listen for, by leg. */
  readonly #detected = new Map<number, string>();
  readonly #unlisten: readonly (() => void)[];

  constructor(options: DialogsOptions) {
    this.#o = options;
    const { engine } = options;
    this.#unlisten = [
      engine.on("played", (play, ms) => this.#played(play, ms, false)),
      engine.on("play-timeout", (play, ms) => this.#played(play, ms, true)),
      engine.on("recorded", (recording, reason, result) => {
        const running = this.#recordings.get(recording);
        this.#recordings.delete(recording);
        running?.media.recorded(recording, reason, result);
      }),
      engine.on("dtmf", (leg, digit, phase, ms) => this.#heard(leg, { kind: "key", digit, phase, ms })),
      engine.on("voice", (leg, speaking) => this.#heard(leg, { kind: "voice", speaking })),
    ];
  }

  get count(): number {
    return this.#running.size;
  }

  /**
   * Begins a dialog. Rejects where a sound file at hand cannot be played; the dialog is none then. What is to be fetched, and whatever else
   * goes wrong, is told by its exit.
   */
  async start(place: DialogPlace, content: DialogContent): Promise<void> {
    const running = this.#make(place);
    if (content.kind === "external") {
      void this.#fetch(running, content.src);
      return;
    }
    try {
      await running.media.prepare(needsOf(content.script).plays);
      if (this.#o.node(place.client, place.root) === undefined) {
        throw new SidetoneError("unknown-leg", `${place.root} has ended`);
      }
    } catch (error) {
      running.media.close();
      this.#running.delete(keyOf(place.client, running.id));
      place.client.store.endDialog(place.root, place.name);
      throw error;
    }
    this.#begin(running, content.script);
  }

  /** `dialogend`, or the target is gone. Resolves when it has ended, as a rule at once, or `END_MS` later: then its name is free. */
  async end(client: Client, id: DialogRef): Promise<void> {
    const running = this.#running.get(keyOf(client, id));
    if (running === undefined) return;
    if (running.state !== undefined) this.#give(running, { kind: "end" });
    else {
      running.abort.abort();
      this.#over(running, { kind: "over", values: [], failure: undefined, disconnect: false });
    }
    const late = Promise.withResolvers<void>();
    const cancel = this.#o.clock.after(END_MS, late.resolve);
    await Promise.race([running.over.promise, late.promise]);
    cancel();
  }

  send(client: Client, id: DialogRef, event: string, primitive: string | undefined): void {
    const running = this.#running.get(keyOf(client, id));
    if (running?.state === undefined) return;
    this.#give(running, { kind: "event", event, ...(primitive === undefined ? {} : { target: primitive }) });
  }

  running(client: Client, id: DialogRef): RunningDialog | undefined {
    const state = this.#running.get(keyOf(client, id))?.state;
    if (state === undefined) return undefined;
    return { primitive: primitiveOf(state), runsNow: (target) => runsNow(state, target) };
  }

  /** A connection has come to a conference or left it: its keys are the conference's dialogs' now, or no more. */
  membersChanged(client: Client, conference: string): void {
    const ref = `conf:${conference}` as const;
    for (const { place } of this.#running.values())
      if (place.client === client && place.root === ref) return this.#listen();
  }

  close(): void {
    for (const off of this.#unlisten) off();
    for (const { timers, media, abort } of this.#running.values()) {
      abort.abort();
      for (const cancel of timers.values()) cancel();
      media.close();
    }
    this.#running.clear();
  }

  #make(place: DialogPlace): Running {
    const { log, engine, sources, fileOf, node, record } = this.#o;
    const { client, root, name } = place;
    const id = dialogOf(root, name);
    const running: Running = {
      place,
      id,
      media: new DialogMedia({
        log: log.child({ dialog: id, client: client.name }),
        engine,
        sources,
        fileOf,
        node: () => node(client, root),
        record: (...how) => record(place, ...how),
        give: (input) => this.#give(running, input),
        owns: (number, kind) => {
          if (kind === "record") this.#recordings.set(number, running);
          else {
            running.plays.add(number);
            this.#plays.set(number, running);
          }
        },
      }),
      timers: new Map(),
      waiting: [],
      abort: new AbortController(),
      plays: new Set(),
      over: Promise.withResolvers(),
      state: undefined,
      taking: false,
    };
    this.#running.set(keyOf(client, id), running);
    return running;
  }

  async #fetch(running: Running, src: string): Promise<void> {
    let failure: DialogFailure;
    try {
      const read = readMoml(await this.#o.sources.text(src, running.abort.signal));
      if (running.abort.signal.aborted) return;
      if (read.ok) {
        failure = { response: 425, description: refusedIn(read.value, this.#o.sources) ?? "" };
        if (failure.description === "") return this.#begin(running, read.value);
      } else failure = { response: read.error.response, description: read.error.description };
    } catch (error) {
      failure = { ...failureOf(error), response: 423 };
    }
    if (!running.abort.signal.aborted) this.#over(running, { kind: "over", values: [], failure, disconnect: false });
  }

  #begin(running: Running, script: DialogScript): void {
    const { client, root, name } = running.place;
    running.state = newDialog(script);
    this.#o.log.info({ client: client.name, target: root, dialog: name }, "a dialog begins");
    this.#give(running, { kind: "begin" });
  }

  #give(running: Running, input: DialogInput): void {
    running.waiting.push(input);
    if (running.taking) return;
    running.taking = true;
    for (let next = running.waiting.shift(); next !== undefined; next = running.waiting.shift()) {
      if (running.state === undefined) continue;
      const { state, effects } = stepDialog(running.state, next, this.#o.clock.now());
      running.state = state;
      for (const effect of effects) this.#carryOut(running, effect);
    }
    running.taking = false;
  }

  #carryOut(running: Running, effect: DialogEffect): void {
    switch (effect.kind) {
      case "timer": {
        const { timer, ms } = effect;
        running.timers.get(timer)?.();
        const cancel = this.#o.clock.after(ms, () => {
          running.timers.delete(timer);
          this.#give(running, { kind: "timer", timer });
        });
        running.timers.set(timer, cancel);
        return;
      }
      case "cancel":
        running.timers.get(effect.timer)?.();
        running.timers.delete(effect.timer);
        return;
      case "listen":
        return this.#listen();
      case "tell":
        void this.#o.event(running.place, { name: effect.name, id: running.id, values: effect.values });
        return;
      case "over":
        return this.#over(running, effect);
      case "control":
      case "digits":
      case "pause-record":
      case "play":
      case "record":
      case "resume-record":
      case "stop":
      case "stop-record":
      case "tone":
        running.media.carryOut(effect);
    }
  }

  #over(running: Running, { values, failure, disconnect }: Extract<DialogEffect, { kind: "over" }>): void {
    const { client, root, name } = running.place;
    this.#running.delete(keyOf(client, running.id));
    for (const cancel of running.timers.values()) cancel();
    running.media.close();
    for (const id of running.plays) this.#plays.delete(id);
    client.store.endDialog(root, name);
    running.over.resolve();
    this.#o.log.info({ client: client.name, target: root, dialog: name, failure: failure?.response }, "a dialog ended");
    const told = this.#o.event(running.place, dialogExitEvent(running.id, values, failure));
    if (disconnect) void told.then(() => this.#o.hangUp(client, root));
  }

  #played(play: number, ms: number, timeout: boolean): void {
    const running = this.#plays.get(play);
    this.#plays.delete(play);
    running?.plays.delete(play);
    running?.media.played(play, ms, timeout);
  }

  #heard(leg: number, input: DialogInput): void {
    for (const running of Array.from(this.#running.values())) {
      if (running.state !== undefined && this.#legsOf(running.place).includes(leg)) this.#give(running, input);
    }
  }

  /** RFC 5707 9.7.1: at a conference the keys of every participant count. */
  #legsOf({ client, root }: DialogPlace): number[] {
    const { node } = this.#o;
    const members = isConfRef(root)
      ? (client.store.conference(instanceOf(root))?.members ?? []).map((tag) => node(client, `conn:${tag}`))
      : [node(client, root)];
    return members.filter((leg) => typeof leg === "number");
  }

  #listen(): void {
    const wanted = new Map<number, { keys: boolean; voice: boolean }>();
    for (const { place, state } of this.#running.values()) {
      const { keys, voice } = state?.listening ?? { keys: false, voice: false };
      if (!keys && !voice) continue;
      for (const leg of this.#legsOf(place)) {
        const known = wanted.get(leg);
        wanted.set(leg, { keys: keys || known?.keys === true, voice: voice || known?.voice === true });
      }
    }
    for (const leg of new Set([...this.#detected.keys(), ...wanted.keys()])) {
      const { keys = false, voice = false } = wanted.get(leg) ?? {};
      const detection: Detection = { ...(keys ? { dtmf: "both" } : {}), ...(voice ? { voice: {} } : {}) };
      const text = JSON.stringify(detection);
      if (text === (this.#detected.get(leg) ?? "{}")) continue;
      if (text === "{}") this.#detected.delete(leg);
      else this.#detected.set(leg, text);
      this.#o.engine.setDetection(leg, text === "{}" ? undefined : detection).catch((error: unknown) => {
        this.#o.log.debug({ leg, error: errorText(error) }, "a leg is gone that was to be listened to");
      });
    }
  }
}

function keyOf(client: Client, id: DialogRef): string {
  return `${client.id} ${id}`;
}

/** What a fetched description asks for and must not have. */
function refusedIn(script: DialogScript, sources: Sources): string | undefined {
  for (const { media } of needsOf(script).plays) {
    for (const one of media) {
      const why = one.kind === "audio" ? sources.refused(one.uri) : undefined;
      if (why !== undefined) return why;
      if (one.kind === "var" && one.type !== "silence") return `<var type="${one.type}"> is not served`;
    }
  }
  return undefined;
}
