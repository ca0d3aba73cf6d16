import type { MsmlClientConfig, PromptsHttpConfig } from "@sidetone/config";
import { type Clock, errorText, type Logger, randomHex, type RandomBytes } from "@sidetone/foundation";
import {
  asnEvent,
  connRef,
  confRef,
  type DialogRecord,
  instanceOf,
  isConnRef,
  type MsmlEvent,
  type ObjectRef,
} from "@sidetone/msml";
import {
  checkExtensions,
  type Flow,
  type InviteOptions,
  type InviteSession,
  type NameAddr,
  NextHops,
  type RespondOptions,
  type ServerTransaction,
  type SipResponse,
  type UasOptions,
} from "@sidetone/sip";
import {
  conferencesOf,
  connectionEnded,
  type ExecutionContext,
  isFile,
  promptOf,
  type SipFacts,
} from "../control/index.ts";
import { PartyLeg, readLegUri } from "../legs/index.ts";
import {
  CLOSE_MS,
  INACTIVITY_SLACK,
  MAX_CONFERENCES,
  MAX_CONFERENCES_OF_CLIENT,
  MAX_CONNECTIONS,
  MAX_DIALOGS,
  NAME_BYTES,
} from "../limits.ts";
import type { MediaEngine } from "../media/index.ts";
import { NO_RTP, Isolation, type RecorderOptions, RecorderWatch, type TappedLeg } from "../recording-session/index.ts";
import { HttpSource, type PromptLibrary, recordPathOf, Sources } from "../prompts/index.ts";
import { type Client, Clients } from "./clients.ts";
import { type DialogPlace, Dialogs } from "./dialogs.ts";
import { EventSender } from "./event-sender.ts";
import { type InfoAnswer, MsmlService, objectKey } from "./msml-service.ts";
import { conferenceIn, Performer } from "./performer.ts";
import { Recorders } from "./recorders.ts";

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
  /** Undefined: nothing is fetched from elsewhere. */
  readonly promptsHttp?: PromptsHttpConfig | undefined;
  /** True where the engine may write local recordings. */
  readonly recordsToFiles?: boolean;
  /** Hosts that are one client together. */
  readonly clients?: readonly MsmlClientConfig[];
}

/** Numbers for metrics. */
export interface MediaServerStats {
  readonly legs: number;
  readonly conferences: number;
  /** Recording sessions by phase. */
  readonly sessions: ReadonlyMap<string, number>;
  readonly recorders: number;
  readonly dialogs: number;
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

/** Party legs, conferences and recorders: SIP on one side, the media engine on the other, decisions in `control/`. */
export class MediaServer {
  readonly #o: MediaServerOptions;
  readonly #clients: Clients;
  readonly #legs = new Map<string, OwnedLeg>();
  /** The same by the engine's numbers. */
  readonly #byNumber = new Map<number, OwnedLeg>();
  readonly #ending = new Set<Promise<void>>();
  readonly #events: EventSender;
  readonly #msml: MsmlService;
  readonly #sources: Sources;
  readonly #dialogs: Dialogs;
  readonly #recorders: Recorders;
  readonly #performer: Performer;
  readonly #isolation: Isolation;
  readonly #watch: RecorderWatch;
  readonly #resourceManagers: NextHops;
  readonly #unlisten: (() => void)[] = [];
  #draining = false;

  constructor(options: MediaServerOptions) {
    this.#o = options;
    const { clock, log, random, engine, sip, from, resourceManagers } = options;
    this.#clients = new Clients({ resourceManagers, named: options.clients ?? [] });
    this.#isolation = new Isolation(clock);
    this.#watch = new RecorderWatch(clock, this.#isolation);
    this.#resourceManagers = new NextHops({
      uris: resourceManagers,
      clock,
      ask: (uri, timeoutMs) => sip.options(uri, timeoutMs),
      onChange: (uri, alive) => log[alive ? "info" : "warn"]({ resourceManager: uri, alive }, "a Resource Manager"),
    });
    this.#events = new EventSender(log);
    this.#sources = new Sources(options.prompts, new HttpSource({ clock, config: options.promptsHttp }), promptOf);
    this.#recorders = new Recorders({
      clock,
      log,
      random,
      engine,
      sources: this.#sources,
      from,
      resourceManagers: this.#resourceManagers,
      profiles: options.recorderProfiles ?? new Map(),
      watch: this.#watch,
      invite: (o) => sip.invite(o),
      options: (uri, timeoutMs) => sip.options(uri, timeoutMs),
      legOf: (tag) => this.#tappedLeg(tag),
      event: (client, conference, name, values, ids) => {
        const route = (): InviteSession[] => this.#recorderRoute(client, conference);
        const id = confRef(conference);
        void this.#events.send(objectKey(client, id), { name, id, values }, route, ids);
      },
    });
    this.#dialogs = new Dialogs({
      clock,
      log,
      engine,
      sources: this.#sources,
      fileOf: ({ dest, audioDest }: DialogRecord) => recordFileOf(dest ?? audioDest),
      node: (client, ref) => this.#performer.node(client, ref),
      record: (...how) => this.#recorders.startDialog(...how),
      event: (place, event) => this.#dialogEvent(place, event),
      hangUp: (client, root) => this.#hangUp(client, root),
    });
    this.#performer = new Performer({
      engine,
      dialogs: this.#dialogs,
      recorders: this.#recorders,
      legOf: (tag) => this.#legs.get(tag)?.leg.engineLeg,
      hangUp: (tag) => this.#legs.get(tag)?.leg.session.terminate(),
      event: (client, object, to, event) => {
        void this.#events.send(objectKey(client, object), event, () => this.#sessionsOf(to));
      },
    });
    this.#msml = new MsmlService({
      events: this.#events,
      log,
      context: (client, dialog) => this.#context(client, dialog),
      perform: (client, effect) => this.#performer.perform(client, effect),
    });
    this.#unlisten.push(
      () => this.#dialogs.close(),
      engine.on("inactive", (leg) => this.#inactive(leg)),
      engine.on("silent", (leg, ms) => this.#heard(leg, false, ms)),
      engine.on("heard", (leg, ms) => this.#heard(leg, true, ms)),
      engine.on("speakers", (conference, legs) => this.#speak(conference, legs)),
      engine.on("failed", (error) => this.#engineFailed(error)),
    );
  }

  get stats(): MediaServerStats {
    const { sent, dropped } = this.#events.counts;
    return {
      legs: this.#legs.size,
      conferences: this.#clients.conferenceCount,
      sessions: this.#recorders.phases,
      recorders: this.#recorders.count,
      dialogs: this.#dialogs.count,
      eventsSent: sent,
      eventsDropped: dropped,
      recorderEvents: this.#recorders.events,
      draining: this.#draining,
    };
  }

  /** Every request outside a dialog. Those inside one are checked by their session. */
  onRequest(tx: ServerTransaction): void {
    this.#isolation.heard();
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
        tx.respond(405, { headers: [["Allow", allow]] });
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
    else this.#resourceManagers.failed(uri);
  }

  /** Recordings first, then the legs. Resolves when every BYE is answered, or `CLOSE_MS` later. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const off of this.#unlisten.splice(0)) off();
    const late = Promise.withResolvers<void>();
    const cancel = this.#o.clock.after(CLOSE_MS, late.resolve);
    await Promise.race([this.#endAll(), late.promise]);
    this.#resourceManagers.close();
    cancel();
  }

  async #endAll(): Promise<void> {
    await this.#recorders.close("shutdown");
    await Promise.all(Array.from(this.#legs.values(), ({ leg }) => leg.session.bye()));
    await Promise.all(this.#ending);
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
    // A Resource Manager looks elsewhere where nobody says anything for 250 ms.
    tx.respond(100);
    const client = this.#clients.of(tx.flow, tx.request);
    const session = sip.accept(tx, { localTag: randomHex(random, NAME_BYTES) });
    let opened: Awaited<ReturnType<MediaEngine["openLeg"]>>;
    try {
      opened = await engine.openLeg();
    } catch (error) {
      log.error({ confId: uri.confId, dn: uri.dn, error: errorText(error) }, "no ports for a leg");
      return session.reject(503, busy);
    }
    const sdpId = String(clock.wallMicros());
    const configured = (): void => this.#await(this.#legFlows(client, session.localTag));
    const leg = new PartyLeg({ log, engine, session, opened, uri, sdpId, configured });
    // A CANCEL may have come while the sockets were opened.
    if (isOver(session)) return leg.close();
    this.#attach(client, leg);
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

  #attach(client: Client, leg: PartyLeg): void {
    const owned = { client, leg };
    this.#legs.set(leg.tag, owned);
    this.#byNumber.set(leg.engineLeg, owned);
    client.store.add(leg.tag);
    const { session } = leg;
    session.on("reinvite", (incoming) => leg.reoffered(incoming));
    session.on("update", (incoming) => leg.reoffered(incoming));
    session.on("request", (incoming) => {
      if (incoming.request.method !== "INFO") return incoming.respond(501);
      void this.#msml.info(client, leg.tag, incoming.request).then((answer) => respondInfo(incoming, answer));
    });
    session.on("ended", ({ by }) => this.#await(this.#legEnded(owned, by)));
  }

  /** Hold and the end of it are in the metadata of recordings (RFC 8068 3.2.2). */
  async #legFlows(client: Client, tag: string): Promise<void> {
    const connection = client.store.connection(tag);
    if (connection === undefined) return;
    try {
      await this.#recorders.partyFlows(client, conferencesOf(connection), tag);
    } catch (error) {
      this.#o.log.warn({ conn: tag, error: errorText(error) }, "recordings did not hear of a leg's direction");
    }
  }

  async #legEnded({ client, leg }: OwnedLeg, by: string): Promise<void> {
    const { log } = this.#o;
    const { store } = client;
    log.info({ conn: leg.tag, confId: leg.uri.confId, dn: leg.uri.dn, by }, "leg ended");
    const connection = store.connection(leg.tag);
    const conferences = connection === undefined ? [] : conferencesOf(connection);
    const { changes, effects } = connectionEnded(store, leg.tag, store.controlledBy(leg.tag));
    store.apply(changes);
    store.remove(leg.tag);
    this.#legs.delete(leg.tag);
    this.#byNumber.delete(leg.engineLeg);
    try {
      for (const effect of effects) await this.#performer.perform(client, effect);
      await this.#recorders.partyLeft(client, conferences, leg.tag);
    } catch (error) {
      log.warn({ conn: leg.tag, error: errorText(error) }, "a leg's end was not carried out entirely");
    }
    await leg.close();
    this.#clients.tidy(client);
  }

  /** What an execution may look at beside the objects. */
  #context(client: Client, dialog: string): ExecutionContext {
    const { random, clock, capacity } = this.#o;
    const own = client.store.conferenceCount;
    return {
      dialog,
      now: clock.now(),
      free: {
        conferences: Math.min(MAX_CONFERENCES - this.#clients.conferenceCount, MAX_CONFERENCES_OF_CLIENT - own),
        dialogs: MAX_DIALOGS - this.#dialogs.count,
        // `capacity` counts a leg together with its replica.
        taps: capacity * 2 - this.#legs.size - this.#recorders.taps,
      },
      newName: () => randomHex(random, NAME_BYTES),
      codecOf: (tag) => this.#legs.get(tag)?.leg.settings?.codec,
      running: (id) => this.#dialogs.running(client, id),
      sipOf: (tag) => sipFacts(this.#legs.get(tag)?.leg.session),
      refusedSource: (uri) => this.#sources.refused(uri),
      refusedDestination: (uri) => this.#refusedDestination(uri),
    };
  }

  #refusedDestination(uri: string): string | undefined {
    const shown = uri.slice(0, 128);
    if (/^sips?:/i.test(uri)) return undefined;
    if (!isFile(uri)) return `<record dest="${shown}">: expected sip:RECORDER or file:///NAME.wav`;
    if (this.#o.recordsToFiles !== true) return `<record dest="${shown}">: nothing is recorded to files here`;
    return recordPathOf(uri, promptOf) === undefined
      ? `<record dest="${shown}">: expected file:///NAME.wav of the folder`
      : undefined;
  }

  #tappedLeg(tag: string): TappedLeg | undefined {
    const leg = this.#legs.get(tag)?.leg;
    if (leg === undefined) return undefined;
    const geoLocation = leg.session.invite.headers.get("X-Genesys-geo-location")?.trim();
    const { settings } = leg;
    const flow =
      settings === undefined ? undefined : { sends: settings.receiveFromPhone, receives: settings.sendToPhone };
    return { leg: leg.engineLeg, codec: settings?.codec ?? "PCMU", flow, geoLocation };
  }

  #sessionsOf(tag: string): InviteSession[] {
    const session = this.#legs.get(tag)?.leg.session;
    return session === undefined ? [] : [session];
  }

  /** Contract, "MSML that SIP Server sends": the dialog of the last recorder command, else any live one of the conference. */
  #recorderRoute(client: Client, conference: string): InviteSession[] {
    const known = client.store.conference(conference);
    // A recording of a dialog is told by the dialog, until somebody commands it by `rec:`.
    if (known?.recorder?.dialog !== undefined && known.recorderDialog === undefined) return [];
    const preferred = known?.recorderDialog === undefined ? [] : this.#sessionsOf(known.recorderDialog);
    const members = (known?.members ?? []).flatMap((tag) => this.#sessionsOf(tag));
    const others = Array.from(this.#legs.values())
      .filter((owned) => owned.client === client && owned.leg.uri.confId === conference)
      .map(({ leg }) => leg.session);
    return Array.from(new Set([...preferred, ...members, ...others]));
  }

  /** RFC 5707 3.1: on the SIP dialog that carried the request; where it is gone, the event is dropped. */
  #dialogEvent({ client, root, startedBy }: DialogPlace, event: MsmlEvent): Promise<void> {
    return this.#events.send(objectKey(client, root), event, () => this.#sessionsOf(startedBy));
  }

  #hangUp(client: Client, root: ObjectRef): void {
    const tags = isConnRef(root) ? [instanceOf(root)] : (client.store.conference(instanceOf(root))?.members ?? []);
    for (const tag of tags) this.#legs.get(tag)?.leg.session.terminate();
  }

  /** RFC 5707 8.6.2. */
  #speak(name: string, legs: readonly number[]): void {
    const found = conferenceIn(this.#clients.all, name);
    const to = found?.client.store.conference(found.conference)?.speakersTo;
    if (found === undefined || to === undefined) return;
    const speakers = legs.map((leg) => this.#byNumber.get(leg)).filter((owned) => owned !== undefined);
    const id = confRef(found.conference);
    const event = asnEvent(
      id,
      speakers.map(({ leg }) => connRef(leg.tag)),
    );
    void this.#events.send(objectKey(found.client, id), event, () => this.#sessionsOf(to));
  }

  /**
   * R33: RTP that stays away from every leg of a call ends it, for then nobody answers for it. One silent leg is logged and
   * otherwise left alone: a call is never dropped because of recording, and many phones send nothing while nobody speaks.
   */
  #inactive(engineLeg: number): void {
    const { clock, log, rtpTimeoutMs } = this.#o;
    const owned = this.#byNumber.get(engineLeg);
    if (owned === undefined) return;
    const { client, leg } = owned;
    const now = clock.now();
    leg.silentAt = now;
    const connection = client.store.connection(leg.tag);
    const [name] = connection === undefined ? [] : conferencesOf(connection);
    const members = name === undefined ? [leg.tag] : (client.store.conference(name)?.members ?? []);
    const legs = members.map((tag) => this.#legs.get(tag)?.leg).filter((one) => one !== undefined);
    const silent = legs.every(
      (one) => one.silentAt !== undefined && now - one.silentAt < rtpTimeoutMs * INACTIVITY_SLACK,
    );
    log.warn({ conn: leg.tag, confId: leg.uri.confId, dn: leg.uri.dn, all: silent }, "no RTP");
    if (silent) this.#await(this.#leftAlone(client, name, legs));
  }

  /** The recording first: as the conference's it would end in good order. */
  async #leftAlone(client: Client, conference: string | undefined, legs: readonly PartyLeg[]): Promise<void> {
    try {
      if (conference !== undefined) await this.#recorders.end(client, conference, NO_RTP);
    } catch (error) {
      this.#o.log.warn(
        { confId: conference, error: errorText(error) },
        "a recording's end was not carried out entirely",
      );
    }
    for (const { session } of legs) session.terminate({ headers: [["Reason", `SIP;cause=408;text="${NO_RTP}"`]] });
  }

  /** R34: a recording that misses a side is told of before anybody listens to it. */
  #heard(engineLeg: number, heard: boolean, ms: number): void {
    const owned = this.#byNumber.get(engineLeg);
    const connection = owned?.client.store.connection(owned.leg.tag);
    if (owned === undefined || connection === undefined) return;
    for (const name of conferencesOf(connection)) {
      this.#recorders.partyHeard(owned.client, name, owned.leg.tag, heard, ms);
    }
  }

  #engineFailed(error: Error): void {
    this.#o.log.error({ error: error.message }, "the media engine failed: every call here ends");
    this.#draining = true;
    void this.#recorders.close("media engine failed");
    for (const { leg } of Array.from(this.#legs.values())) leg.session.terminate();
  }

  #load(): [string, string] {
    const draining = this.#draining ? ";draining" : "";
    return ["X-Resource-Load", `sessions=${this.#legs.size};capacity=${this.#o.capacity}${draining}`];
  }
}

/** A leg and whose it is. */
interface OwnedLeg {
  readonly client: Client;
  readonly leg: PartyLeg;
}

/** The path of a file below the folder; what is none was refused before. */
function recordFileOf(dest: string | undefined): string | undefined {
  return dest === undefined || !isFile(dest) ? undefined : (recordPathOf(dest, promptOf) ?? "");
}

function sipFacts(session: InviteSession | undefined): SipFacts | undefined {
  if (session === undefined) return undefined;
  const { callId, localTag, remoteTag = "", remoteTarget, localSdp, remoteSdp, invite } = session;
  const [to, from] = [invite.headers.get("To"), invite.headers.get("From")].map(uriIn);
  return {
    sipDialog: {
      callId,
      localTag,
      remoteTag,
      ...(to === undefined ? {} : { localUri: to }),
      ...(from === undefined ? {} : { remoteUri: from }),
      ...(remoteTarget === undefined ? {} : { remoteTarget }),
    },
    ...(localSdp === undefined ? {} : { localSdp: localSdp.toString() }),
    ...(remoteSdp === undefined ? {} : { remoteSdp: remoteSdp.toString() }),
  };
}

/** The URI of a To or From. */
function uriIn(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const start = value.indexOf("<");
  return start < 0 ? value.split(";", 1)[0] : value.slice(start + 1, value.indexOf(">", start));
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
