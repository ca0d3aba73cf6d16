import type { DnConfig, SipServerConfig, SipServerOptions } from "@sidetone/config";
import { type CallUuid, type ConnId, fail, ManualClock, ok, silentLogger } from "@sidetone/foundation";
import {
  type InviteSession,
  MemoryNetwork,
  NextHops,
  parseUri,
  type SessionTimerWish,
  SipEndpoint,
} from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import { type Directory, directoryOf, liveConfig, TrunkUse } from "../directory/index.ts";
import { KEEP_AFTER_MS } from "../restore/call-store.ts";
import { CallStore, RestoredCalls } from "../restore/index.ts";
import { CallSwitch } from "./call-switch.ts";
import { Calls } from "./calls.ts";
import { FakeMediaServer, phoneSdp } from "./fake-media-server.ts";
import { FakeResourceManager } from "./fake-resource-manager.ts";
import { MediaServerWatch } from "./media-server-watch.ts";
import { KeptRows, Mortal } from "./mortal.fixture.ts";
import { RecoveryTurns } from "./recovery-turns.ts";
import { dispatchRequest } from "./request-dispatch.ts";
import type { RingTarget } from "./ring-target.ts";
import type { ServerContext } from "./server-context.ts";

export { phoneSdp } from "./fake-media-server.ts";

const dnDefaults: DnConfig = {
  dn: "",
  type: "extension",
  password: undefined,
  digestAlgorithms: ["MD5"],
  record: false,
  recordingFailure: "continue",
  media: "direct",
  contact: undefined,
  prefix: undefined,
  defaultDestination: undefined,
  routeTimeoutMs: 0,
};

/** A SIP Server's calls between two phones over a memory network, with a fake Media Server; for tests. */
export class CallRig {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly events: string[] = [];
  readonly ledger: string[] = [];
  readonly alarms: string[] = [];
  /** Effects of the call model, as `kind` and what tells them apart. */
  readonly effects: string[] = [];
  /** Recording ids that are taken. */
  readonly taken = new Set<string>();
  readonly targets: RingTarget[] = [];
  /** Contacts of 7002, for calls that a client makes. */
  readonly callerTargets: RingTarget[] = [];
  /** Contacts of further DNs. */
  readonly contacts = new Map<string, readonly RingTarget[]>();
  /** Routing points that a strategy watches. */
  readonly watched = new Set<string>();
  /** Told of every change of every call, as T-Library is. */
  onChange: (call: Call, effects: readonly CallEffect[]) => void = () => undefined;
  /** Told of the calls that SIP Server knows when it is restarted. */
  onRestart: (calls: readonly Call[]) => void = () => undefined;
  /** Agents logged in, by DN. */
  readonly agents = new Map<string, { readonly agentId: string; readonly record: boolean }>();
  /** False: nothing that is written is ever on the disk. */
  storageAnswers = true;
  readonly directory: Directory;
  trunks: TrunkUse;
  calls: Calls;
  switch: CallSwitch;
  server: SipEndpoint;
  readonly caller: SipEndpoint;
  readonly called: SipEndpoint;
  readonly mediaServer: FakeMediaServer;
  /** What is on the disk of the calls that are up. */
  readonly kept = new KeptRows();
  /** With `mediaServers: 2` there are another one and a Resource Manager before them. */
  readonly secondMediaServer: FakeMediaServer;
  readonly resourceManager: FakeResourceManager;
  /** UDP ports that say nothing and are told nothing. */
  readonly cutOff = new Set<number>();
  last: Call | undefined;
  readonly #config: SipServerConfig;
  readonly #sessionTimer: SessionTimerWish | false;
  readonly #deaths: number[] = [];
  #process: Mortal;
  #store: CallStore;
  #ids = 0;
  /** Lines of the ledger that are open: call and DN. */
  readonly #openLines = new Map<string, { readonly callUuid: string; readonly dn: string }>();

  /** @param o.sessionTimer of SIP Server and the phones; default none */
  constructor(
    dns: readonly Partial<DnConfig>[],
    options: Partial<SipServerOptions> = {},
    {
      mediaServers = 1,
      sessionTimer = false,
    }: { readonly mediaServers?: 1 | 2; readonly sessionTimer?: SessionTimerWish | false } = {},
  ) {
    this.#sessionTimer = sessionTimer;
    this.caller = this.#endpoint();
    this.called = this.#endpoint();
    this.mediaServer = new FakeMediaServer(this.#endpoint(), (what) => this.events.push(what));
    this.secondMediaServer = new FakeMediaServer(
      this.#endpoint(),
      (what) => this.events.push(`second ${what}`),
      50_000,
    );
    this.resourceManager = new FakeResourceManager(this.#endpoint(), [
      { uri: "sip:127.0.0.1:5070", token: "token-1", up: true },
      { uri: "sip:127.0.0.1:5072", token: "token-50000", up: true },
    ]);
    this.network.filter = (_bytes, from, to) => !this.cutOff.has(from.port) && !this.cutOff.has(to.port);
    const resourceManager = `sip:127.0.0.1:${mediaServers === 1 ? 5070 : 5069};transport=udp`;
    this.#config = { ...testConfig(dns, options), resourceManagers: [resourceManager] };
    this.directory = directoryOf(this.#config);
    const { process, trunks, calls, server, store } = this.#boot();
    this.#process = process;
    this.#store = store;
    this.trunks = trunks;
    this.calls = calls;
    this.server = server;
    this.switch = new CallSwitch(calls);
  }

  /** SIP Server as it is started. */
  #boot(): { process: Mortal; trunks: TrunkUse; calls: Calls; server: SipEndpoint; store: CallStore } {
    const process = new Mortal(this.clock, this.network);
    const { clock } = process;
    const server = this.#endpoint(undefined, process);
    const trunks = new TrunkUse(this.directory);
    const store = new CallStore({ storage: this.kept, clock, log: silentLogger });
    const next = (): string => String((this.#ids += 1));
    const calls = new Calls(
      {
        config: liveConfig(this.#config, this.directory),
        directory: this.directory,
        trunks,
        clock,
        log: silentLogger,
        endpoint: server,
        watch: new MediaServerWatch(clock, async (uri, ms) => (await server.options(uri, ms)) !== undefined),
        ledger: this.#ledgerOf(process),
        resourceManagers: new NextHops({
          uris: this.#config.resourceManagers,
          clock,
          ask: (uri, ms) => server.options(uri, ms),
        }),
        recoveries: new RecoveryTurns(),
        ids: {
          connIds: { next: () => next().padStart(16, "0") as ConnId },
          callUuids: { next: () => next().padStart(32, "0") as CallUuid },
          confIds: { next: () => next().padStart(16, "0") },
          recordingIds: {
            claimName: (name) => this.#stored(this.#unique(name)),
            claimClientId: (id) => {
              if (this.taken.has(id)) return this.#stored(fail("duplicate"));
              this.taken.add(id);
              return this.#stored(ok(id));
            },
            releaseClientId: (id) => {
              this.taken.delete(id);
              return this.#stored(undefined);
            },
          },
        },
        contactsOf: (dn) => this.contacts.get(dn) ?? (dn === "7002" ? this.callerTargets : this.targets),
        strategyAt: (dn) => this.watched.has(dn),
        dnOfAgent: (agentId) => Array.from(this.agents).find(([, agent]) => agent.agentId === agentId)?.[0],
        agentOf: (dn) => this.agents.get(dn),
        keeper: store,
        onCall: (call, effects) => {
          if (!process.alive) return;
          this.last = call;
          this.onChange(call, effects);
          this.effects.push(...effects.map(nameOfEffect));
        },
        onAlarm: (_call, reason) => this.alarms.push(reason),
      },
      (tx) => ({ kind: "accepted", dn: tx.request.from?.uri.user ?? "7002" }),
    );
    server.onRequest = (tx) => dispatchRequest(tx, { onInvite: (t) => calls.offer(t), onRegister: () => undefined });
    return { process, trunks, calls, server, store };
  }

  #ledgerOf(process: Mortal): ServerContext["ledger"] {
    const note = (what: string): Promise<void> => {
      if (!process.alive) return new Promise(() => undefined);
      this.events.push(what.split(" ").slice(0, 2).join(" "));
      this.ledger.push(what);
      return this.#stored(undefined);
    };
    return {
      expect: ({ dn, side, cause, callUuid }) => {
        this.#openLines.set(`${callUuid} ${dn}`, { callUuid, dn });
        return note(`ledger expect ${dn} ${side}${cause === "full-time" ? "" : ` ${cause}`}`);
      },
      resolve: ({ dn, callUuid }, { outcome, reason }) => {
        if (process.alive) this.#openLines.delete(`${callUuid} ${dn}`);
        return note(`ledger ${outcome} ${dn} ${reason ?? ""}`.trim());
      },
      update: () => Promise.resolve(),
    };
  }

  /** `kill -9` of SIP Server. */
  kill(): void {
    this.#deaths.push(this.clock.now());
    this.#process.kill();
  }

  /** Legs at the Media Server that SIP Server should have ended. One that came just before a death was in no snapshot yet: RTP inactivity ends it (R33). */
  get legsLeft(): readonly InviteSession[] {
    const servers = [this.mediaServer, this.secondMediaServer];
    return servers
      .flatMap(({ legs }) => legs)
      .filter((leg) => {
        const at = servers.flatMap(({ cameAt }) => cameAt.get(leg) ?? [])[0] ?? 0;
        const unseen = this.#deaths.some((death) => death >= at && death <= at + KEEP_AFTER_MS + 5);
        return leg.state === "confirmed" && !unseen;
      });
  }

  /** SIP Server is started with the same storage. @param awayMs for how long nobody is there */
  async restart(awayMs = 0): Promise<void> {
    if (this.#process.alive) this.kill();
    await this.pass(awayMs);
    this.kept.failAfter = Number.POSITIVE_INFINITY;
    const { process, trunks, calls, server, store } = this.#boot();
    const snapshots = await store.load();
    for (const [key, { callUuid, dn }] of this.#openLines) {
      if (this.kept.rows.get(callUuid)?.restorable === 1) continue;
      this.#openLines.delete(key);
      this.ledger.push(`ledger unknown ${dn} server restarted`);
    }
    const restored = new RestoredCalls(calls, (callUuid) => store.forget(callUuid));
    restored.restore(snapshots);
    Object.assign(this, { trunks, calls, server, switch: new CallSwitch(calls) });
    this.#process = process;
    this.#store = store;
    this.onRestart(calls.list());
    await server.listen({ transport: "udp", host: "127.0.0.1", port: 5060 });
    const done = restored.resume();
    await this.pass(50);
    await done;
  }

  /** Snapshots written so far, and their characters. */
  get keptStats(): ReturnType<CallStore["stats"]> {
    return this.#store.stats();
  }

  /** Opens the sockets; the called phone is at 127.0.0.1:6001. */
  async listen(): Promise<this> {
    const open = (endpoint: SipEndpoint, port: number): Promise<unknown> =>
      endpoint.listen({ transport: "udp", host: "127.0.0.1", port });
    await open(this.server, 5060);
    await open(this.mediaServer.endpoint, 5070);
    await open(this.secondMediaServer.endpoint, 5072);
    await open(this.resourceManager.endpoint, 5069);
    await open(this.called, 6001);
    await open(this.caller, 6002);
    this.targets.push({ uri: "sip:7001@127.0.0.1:6001", destination: { uri: "sip:7001@127.0.0.1:6001" } });
    this.callerTargets.push({ uri: "sip:7002@127.0.0.1:6002", destination: { uri: "sip:7002@127.0.0.1:6002" } });
    return this;
  }

  /** 7002 calls 7001. */
  call(body: string | undefined = phoneSdp(7002), dialled = "7001"): InviteSession {
    const uri = `sip:${dialled}@127.0.0.1:5060`;
    const from = parseUri("sip:7002@sidetone.local");
    if (!from.ok) throw new Error(from.error);
    return this.caller.invite({
      uri,
      to: { uri },
      from: { displayName: undefined, uri: from.value, params: from.value.params },
      ...(body === "" ? {} : { body, contentType: "application/sdp" }),
    });
  }

  /** Turns the clock, letting promises run. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  /** Closes everything. */
  async close(): Promise<void> {
    const { endpoint } = this.mediaServer;
    const others = [this.secondMediaServer.endpoint, this.resourceManager.endpoint];
    await Promise.all([this.server, this.caller, this.called, endpoint, ...others].map((e) => e.close()));
  }

  #unique(name: string): string {
    let id = name;
    for (let copy = 2; this.taken.has(id); copy += 1) id = `${name}-${copy}`;
    this.taken.add(id);
    return id;
  }

  #stored<T>(value: T): Promise<T> {
    return this.storageAnswers ? Promise.resolve(value) : new Promise(() => undefined);
  }

  /** An endpoint of the rig's network. */
  newEndpoint(supported?: readonly string[]): SipEndpoint {
    return this.#endpoint(supported);
  }

  #endpoint(supported?: readonly string[], { clock, network }: Pick<Mortal, "clock" | "network"> = this): SipEndpoint {
    return new SipEndpoint({
      clock,
      log: silentLogger,
      userAgent: "test",
      network,
      sessionTimer: this.#sessionTimer,
      ...(supported === undefined ? {} : { supported }),
    });
  }
}

function nameOfEffect(effect: CallEffect): string {
  switch (effect.kind) {
    case "party-added":
      return `${effect.party.id} added`;
    case "party-changed":
      return `${effect.party.id} ${effect.party.state} ${effect.cause}`;
    case "user-data-changed":
      return `data ${effect.keys.map((key) => `${key}=${JSON.stringify(effect.userData[key])}`).join(" ")}${effect.by === undefined ? "" : ` by ${effect.by}`}`;
    case "recording-failed":
      return `recording-failed ${effect.recordDn} ${effect.reason}`;
    case "recording-recovered":
      return `recording-recovered ${effect.recordDn} ${effect.gapMs} ${effect.reason}`;
    case "party-routed":
      return `${effect.party.id} routed to ${effect.target.id}`;
    case "party-replaced":
    case "party-joined":
      return `${effect.kind} ${effect.party.id} ${effect.newcomer.id}`;
    case "party-left":
      return `${effect.kind} ${effect.party.id} ${effect.leaver.id}`;
    case "party-moved-in":
    case "party-moved-out":
      return `${effect.kind} ${effect.party.id}`;
    case "call-answered":
    case "release-party":
    case "call-ended":
      return effect.kind;
  }
}

function testConfig(dns: readonly Partial<DnConfig>[], options: Partial<SipServerOptions>): SipServerConfig {
  return {
    listen: [],
    http: undefined,
    apiToken: undefined,
    sipJournal: undefined,
    peers: [],
    domain: "sidetone.local",
    resourceManagers: ["sip:127.0.0.1:5070;transport=udp"],
    resourceEvents: true,
    serverId: 1,
    storage: "",
    options: {
      recordingFilename: "$UUID$",
      recordConsultCalls: true,
      recordMoh: true,
      invertRouteRecordSides: false,
      recorderGroup: "recorders",
      secondRecorderGroup: undefined,
      geoLocation: undefined,
      musicOnHold: undefined,
      noAnswerTimeoutMs: 60_000,
      sessionExpires: 1800,
      minSe: 90,
      minExpires: 60,
      maxExpires: 3600,
      ...options,
    },
    dns: new Map(dns.map((over) => [over.dn ?? "", { ...dnDefaults, ...over }])),
  };
}
