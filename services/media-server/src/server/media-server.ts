import { type Clock, errorText, type Logger, randomHex, type RandomBytes, SidetoneError } from "@sidetone/foundation";
import { confRef, instanceOf, isConnRef, paramOf } from "@sidetone/msml";
import {
  checkExtensions,
  type Flow,
  type InviteOptions,
  type InviteSession,
  type NameAddr,
  type RespondOptions,
  type ServerTransaction,
  type SipResponse,
  type UasOptions,
} from "@sidetone/sip";
import { connectionEnded, type ControlEffect } from "../control/index.ts";
import { PartyLeg, readLegUri } from "../legs/index.ts";
import { CLOSE_MS, INACTIVITY_SLACK, MAX_CONNECTIONS, NAME_BYTES } from "../limits.ts";
import type { MediaEngine } from "../media/index.ts";
import {
  Recorder,
  type RecorderOptions,
  RecorderWatch,
  ResourceManagers,
  type TappedLeg,
} from "../recording-session/index.ts";
import type { PromptLibrary } from "../prompts/index.ts";
import { connectionOf, ControlStore } from "./control-store.ts";
import { Dialogs } from "./dialogs.ts";
import { EventSender } from "./event-sender.ts";
import { type InfoAnswer, MsmlService } from "./msml-service.ts";

/** What the SIP endpoint does for a Media Server; `SipEndpoint` fits. */
export interface SipDoor {
  accept(tx: ServerTransaction, o?: UasOptions): InviteSession;
  invite(o: InviteOptions): InviteSession;
  options(uri: string, timeoutMs: number): Promise<SipResponse | undefined>;
}

/** What a Media Server is given. */
export interface MediaServerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly sip: SipDoor;
  readonly engine: MediaEngine;
  readonly resourceManagers: readonly string[];
  readonly recorderProfiles?: RecorderOptions["profiles"];
  /** From of recording INVITEs. */
  readonly from: NameAddr;
  /** Legs that the ports allow; told in OPTIONS. */
  readonly capacity: number;
  readonly rtpTimeoutMs: number;
  /** What can be played. */
  readonly prompts: Pick<PromptLibrary, "load">;
}

/** Numbers for metrics. */
export interface MediaServerStats {
  readonly legs: number;
  readonly conferences: number;
  /** Recording sessions by phase. */
  readonly sessions: ReadonlyMap<string, number>;
  readonly recorders: number;
  readonly eventsSent: number;
  readonly eventsDropped: number;
  /** Recorder events by name since the start. */
  readonly recorderEvents: ReadonlyMap<string, number>;
  readonly draining: boolean;
}

/** Option tags of SIP extensions that a Media Server speaks. */
export const supportedExtensions = ["100rel", "timer", "siprec"] as const;

const supported: ReadonlySet<string> = new Set(supportedExtensions);
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
/** RFC 3261 21.4.6: what is served outside a dialog. */
const allowOutside = "INVITE, ACK, CANCEL, OPTIONS";

/** Party legs, conferences and recorders: SIP on one side, the media engine on the other, decisions in `control/`. */
export class MediaServer {
  readonly #o: MediaServerOptions;
  readonly #store = new ControlStore();
  readonly #legs = new Map<string, PartyLeg>();
  readonly #recorders = new Map<string, Recorder>();
  readonly #recorderEvents = new Map<string, number>();
  readonly #ending = new Set<Promise<void>>();
  readonly #events: EventSender;
  readonly #msml: MsmlService;
  readonly #dialogs: Dialogs;
  readonly #watch: RecorderWatch;
  readonly #resourceManagers: ResourceManagers;
  readonly #unlisten: (() => void)[] = [];
  #draining = false;

  constructor(options: MediaServerOptions) {
    this.#o = options;
    this.#watch = new RecorderWatch(options.clock);
    this.#resourceManagers = new ResourceManagers(options.resourceManagers, options.clock);
    this.#events = new EventSender((conference) => this.#dialogsOf(conference), options.log);
    this.#msml = new MsmlService({
      store: this.#store,
      events: this.#events,
      log: options.log,
      newName: () => randomHex(options.random, NAME_BYTES),
      perform: (effect) => this.#perform(effect),
    });
    this.#dialogs = new Dialogs({
      log: options.log,
      engine: options.engine,
      prompts: options.prompts,
      store: this.#store,
      engineLeg: (tag) => this.#legs.get(tag)?.engineLeg,
      event: (tag, event) => this.#events.send(this.#store.eventsOf(tag), event),
    });
    this.#unlisten.push(
      () => this.#dialogs.close(),
      options.engine.on("inactive", (leg) => this.#inactive(leg)),
      options.engine.on("silent", (leg, ms) => this.#heard(leg, false, ms)),
      options.engine.on("heard", (leg, ms) => this.#heard(leg, true, ms)),
      options.engine.on("failed", (error) => this.#engineFailed(error)),
    );
  }

  get stats(): MediaServerStats {
    const sessions = new Map<string, number>();
    for (const recorder of this.#recorders.values()) {
      for (const phase of recorder.phases) sessions.set(phase, (sessions.get(phase) ?? 0) + 1);
    }
    const { sent, dropped } = this.#events.counts;
    return {
      legs: this.#legs.size,
      conferences: this.#store.conferenceCount,
      sessions,
      recorders: this.#recorders.size,
      eventsSent: sent,
      eventsDropped: dropped,
      recorderEvents: this.#recorderEvents,
      draining: this.#draining,
    };
  }

  /** Every request outside a dialog. Those inside one are checked by their session. */
  onRequest(tx: ServerTransaction): void {
    const refusal = checkExtensions(tx.request, supported);
    if (refusal !== undefined) return tx.respond(refusal.status, { headers: refusal.headers ?? [] });
    switch (tx.request.method) {
      case "INVITE":
        void this.#invite(tx);
        return;
      case "OPTIONS":
        tx.respond(200, {
          headers: [["Allow", allow], ["Accept", "application/sdp, application/msml+xml"], this.#load()],
        });
        return;
      default:
        tx.respond(405, { headers: [["Allow", allowOutside]] });
    }
  }

  /** A connection is gone: a recorder that was there is asked whether it lives (R31). */
  connectionClosed({ transport, remote }: Pick<Flow, "transport" | "remote">): void {
    this.#watch.connectionClosed(transport, remote.host, remote.port);
  }

  /** A Resource Manager says that a recorder is lost; by its SIP URI. */
  recorderLost(uri: string): void {
    this.#watch.toldLost(uri);
  }

  /** A Resource Manager is there, or is not: recordings that begin go to another one first. */
  managerAnswers(uri: string, answers: boolean): void {
    if (answers) this.#resourceManagers.answered(uri);
    else this.#resourceManagers.silent(uri);
  }

  /** Recordings first, then the legs. Resolves when every BYE is answered, or `CLOSE_MS` later. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const off of this.#unlisten.splice(0)) off();
    const late = Promise.withResolvers<void>();
    const cancel = this.#o.clock.after(CLOSE_MS, late.resolve);
    await Promise.race([this.#endAll(), late.promise]);
    cancel();
  }

  async #endAll(): Promise<void> {
    for (const name of Array.from(this.#recorders.keys())) await this.#endRecorder(name, "shutdown");
    await Promise.all(Array.from(this.#legs.values(), ({ session }) => session.bye()));
    await Promise.all(this.#ending);
  }

  async #endRecorder(conference: string, reason: string): Promise<void> {
    const recorder = this.#recorders.get(conference);
    if (recorder === undefined) return;
    this.#recorders.delete(conference);
    await recorder.stop(reason, false);
    this.#await(recorder.over);
  }

  /** `close` waits for it. */
  #await(done: Promise<void>): void {
    const tracked = done.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }

  async #invite(tx: ServerTransaction): Promise<void> {
    const { engine, log, sip, random, clock } = this.#o;
    const uri = readLegUri(tx.request.uri);
    if (uri === undefined) return tx.respond(404, { reason: "No Such Service Here" });
    if (this.#draining || this.#legs.size >= Math.min(MAX_CONNECTIONS, this.#o.capacity)) return tx.respond(503, busy);
    if (!isReadableBody(tx)) return tx.respond(415, { headers: [["Accept", "application/sdp"]] });
    const session = sip.accept(tx, { localTag: randomHex(random, NAME_BYTES) });
    let opened: Awaited<ReturnType<MediaEngine["openLeg"]>>;
    try {
      opened = await engine.openLeg();
    } catch (error) {
      log.error({ confId: uri.confId, dn: uri.dn, error: errorText(error) }, "no ports for a leg");
      return session.reject(503, busy);
    }
    const sdpId = String(clock.wallMicros());
    const leg = new PartyLeg({ log, engine, session, opened, uri, sdpId });
    // A CANCEL may have come while the sockets were opened.
    if (isOver(session)) return leg.close();
    this.#attach(leg);
    const answer = await leg.begin(tx.request).catch((error: unknown) => {
      log.error({ conn: leg.tag, error: errorText(error) }, "leg not configured");
      return undefined;
    });
    if (isOver(session)) return;
    if (answer === undefined) return session.reject(500);
    if (!answer.ok) return session.reject(answer.error.status, { reason: answer.error.reason });
    session.accept({ body: answer.value, contentType: "application/sdp" });
    log.info({ conn: leg.tag, confId: uri.confId, dn: uri.dn, record: uri.record }, "leg answered");
  }

  #attach(leg: PartyLeg): void {
    this.#legs.set(leg.tag, leg);
    this.#store.add(leg.tag);
    const { session } = leg;
    session.on("reinvite", (incoming) => leg.reoffered(incoming));
    session.on("update", (incoming) => leg.reoffered(incoming));
    session.on("request", (incoming) => {
      if (incoming.request.method !== "INFO") return incoming.respond(501);
      void this.#msml.info(leg.tag, incoming.request).then((answer) => respondInfo(incoming, answer));
    });
    session.on("ended", ({ by }) => this.#await(this.#legEnded(leg, by)));
  }

  async #legEnded(leg: PartyLeg, by: string): Promise<void> {
    const { log } = this.#o;
    log.info({ conn: leg.tag, confId: leg.uri.confId, dn: leg.uri.dn, by }, "leg ended");
    const name = this.#store.connection(leg.tag)?.conference;
    const { changes, effects } = connectionEnded(this.#store, leg.tag, this.#store.controlledBy(leg.tag));
    this.#store.apply(changes);
    this.#store.remove(leg.tag);
    this.#legs.delete(leg.tag);
    this.#dialogs.forget(leg.tag);
    const recorder = name === undefined ? undefined : this.#recorders.get(name);
    try {
      for (const effect of effects) await this.#perform(effect);
      await recorder?.partyLeft(`conn:${leg.tag}`);
    } catch (error) {
      log.warn({ conn: leg.tag, error: errorText(error) }, "a leg's end was not carried out entirely");
    }
    await leg.close();
  }

  async #perform(effect: ControlEffect): Promise<void> {
    const { engine } = this.#o;
    switch (effect.kind) {
      case "connect":
      case "disconnect": {
        const [a, b] = [this.#legs.get(effect.a), this.#legs.get(effect.b)];
        // A leg that is gone took its connections with it.
        if (a === undefined || b === undefined) return;
        await engine[effect.kind](a.engineLeg, b.engineLeg);
        return;
      }
      case "members": {
        const legs = effect.members.map((tag) => this.#legs.get(tag)).filter((leg) => leg !== undefined);
        await engine.setConference(
          effect.conference,
          legs.map((leg) => leg.engineLeg),
        );
        return;
      }
      case "recorder":
        await this.#recorderCommand(effect);
        return;
      case "play":
        await this.#dialogs.play(effect);
        return;
      case "end-play":
        await this.#dialogs.end(effect.tag, effect.dialog);
        return;
      case "end-recorder":
        await this.#endRecorder(effect.conference, effect.reason);
        return;
      case "event":
        this.#events.send(effect.conference, { name: effect.name, id: effect.id, values: [] });
        return;
      case "hang-up":
        this.#legs.get(effect.tag)?.session.terminate();
    }
  }

  async #recorderCommand(effect: Extract<ControlEffect, { kind: "recorder" }>): Promise<void> {
    const { conference, id, command } = effect;
    const known = this.#recorders.get(conference);
    if (command.state !== "start") {
      if (known === undefined) {
        throw new SidetoneError("no-recorder", `the recorder of conf:${conference} has not started or is gone`);
      }
      await known.command(command);
      if (command.state !== "stop") return;
      this.#recorders.delete(conference);
      this.#await(known.over);
      return;
    }
    const { clock, log, engine, sip, from } = this.#o;
    let isLost = false;
    const callUuid = paramOf(command.params, "calluuid");
    const ids = { recordingId: id, ...(callUuid === undefined ? {} : { callUuid }) };
    const recordingLog = log.child(ids);
    const options = {
      clock,
      log: recordingLog,
      engine,
      from,
      resourceManagers: this.#resourceManagers,
      profiles: this.#o.recorderProfiles ?? new Map(),
      recordingId: id,
      epoch: command.epoch ?? 1,
      invite: (o: InviteOptions) => sip.invite(o),
      ask: async (uri: string, timeoutMs: number) => (await sip.options(uri, timeoutMs)) !== undefined,
      watch: this.#watch,
      legOf: (conn: string) => this.#tappedLeg(conn),
      event: (name: string, values: readonly (readonly [string, string])[]) => {
        this.#recorderEvents.set(name, (this.#recorderEvents.get(name) ?? 0) + 1);
        recordingLog.info({ conference, values: Object.fromEntries(values) }, name);
        this.#events.send(conference, { name, id: confRef(conference), values }, ids);
      },
      lost: () => {
        isLost = true;
        if (this.#store.conference(conference)?.recorder?.id !== id) return;
        this.#recorders.delete(conference);
        this.#store.clearRecorder(conference);
      },
    };
    try {
      const recorder = await Recorder.start(options, command);
      if (isLost) return;
      this.#recorders.set(conference, recorder);
      // The conference may have ended, or `stop` have come, while the taps were opened.
      if (this.#store.conference(conference)?.recorder?.id !== id) await this.#endRecorder(conference, "stop");
    } catch (error) {
      this.#store.clearRecorder(conference);
      throw error;
    }
  }

  #tappedLeg(conn: string): TappedLeg | undefined {
    const leg = isConnRef(conn) ? this.#legs.get(instanceOf(conn)) : undefined;
    return leg === undefined ? undefined : { leg: leg.engineLeg, codec: leg.settings?.codec ?? "PCMU" };
  }

  /** @param conference or what `ControlStore.eventsOf` calls a connection without one */
  #dialogsOf(conference: string): InviteSession[] {
    const alone = this.#legs.get(connectionOf(conference) ?? "");
    if (alone !== undefined) return [alone.session];
    const known = this.#store.conference(conference);
    const preferred = known?.recorderDialog === undefined ? undefined : this.#legs.get(known.recorderDialog);
    const others = Array.from(this.#legs.values()).filter((leg) => leg.uri.confId === conference && leg !== preferred);
    const members = (known?.members ?? []).map((tag) => this.#legs.get(tag)).filter((leg) => leg !== undefined);
    return Array.from(
      new Set([...(preferred === undefined ? [] : [preferred]), ...members, ...others]),
      (leg) => leg.session,
    );
  }

  /**
   * R33: RTP that stays away from every leg of a call ends it, for then nobody answers for it. One silent leg is logged and
   * otherwise left alone: a call is never dropped because of recording, and many phones send nothing while nobody speaks.
   */
  #inactive(engineLeg: number): void {
    const { clock, log, rtpTimeoutMs } = this.#o;
    const leg = Array.from(this.#legs.values()).find((one) => one.engineLeg === engineLeg);
    if (leg === undefined) return;
    const now = clock.now();
    leg.silentAt = now;
    const name = this.#store.connection(leg.tag)?.conference;
    const members = name === undefined ? [leg.tag] : (this.#store.conference(name)?.members ?? []);
    const legs = members.map((tag) => this.#legs.get(tag)).filter((one) => one !== undefined);
    const silent = legs.every(
      (one) => one.silentAt !== undefined && now - one.silentAt < rtpTimeoutMs * INACTIVITY_SLACK,
    );
    log.warn({ conn: leg.tag, confId: leg.uri.confId, dn: leg.uri.dn, all: silent }, "no RTP");
    if (silent) {
      for (const one of legs) one.session.terminate({ headers: [["Reason", 'SIP;cause=408;text="no RTP"']] });
    }
  }

  /** R34: a recording that misses a side is told of before anybody listens to it. */
  #heard(engineLeg: number, heard: boolean, ms: number): void {
    const leg = Array.from(this.#legs.values()).find((one) => one.engineLeg === engineLeg);
    const name = leg === undefined ? undefined : this.#store.connection(leg.tag)?.conference;
    if (leg === undefined || name === undefined) return;
    this.#recorders.get(name)?.partyHeard(`conn:${leg.tag}`, heard, ms);
  }

  #engineFailed(error: Error): void {
    this.#o.log.error({ error: error.message }, "the media engine failed: every call here ends");
    this.#draining = true;
    for (const name of Array.from(this.#recorders.keys())) void this.#endRecorder(name, "media engine failed");
    for (const leg of Array.from(this.#legs.values())) leg.session.terminate();
  }

  #load(): [string, string] {
    const draining = this.#draining ? ";draining" : "";
    return ["X-Resource-Load", `sessions=${this.#legs.size};capacity=${this.#o.capacity}${draining}`];
  }
}

/** Behind a function: what TypeScript knows of a state is not true for ever. */
function isOver(session: InviteSession): boolean {
  return session.state === "ended";
}

const busy: RespondOptions = { reason: "Media Server Busy", headers: [["Retry-After", "10"]] };

function isReadableBody(tx: ServerTransaction): boolean {
  const { body, contentType } = tx.request;
  return body.length === 0 || contentType === undefined || contentType === "application/sdp";
}

function respondInfo(incoming: { respond(status: number, o?: RespondOptions): void }, answer: InfoAnswer): void {
  incoming.respond(answer.status, answer.options);
  answer.sent();
}
