import type { DnConfig, SipServerConfig, SipServerOptions } from "@sidetone/config";
import { type CallUuid, type ConnId, fail, ManualClock, ok, silentLogger } from "@sidetone/foundation";
import { type InviteSession, MemoryNetwork, NextHops, parseUri, SipEndpoint } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import { type Directory, directoryOf, liveConfig, TrunkUse } from "../directory/index.ts";
import { CallSwitch } from "./call-switch.ts";
import { Calls } from "./calls.ts";
import { FakeMediaServer, phoneSdp } from "./fake-media-server.ts";
import { FakeResourceManager } from "./fake-resource-manager.ts";
import { MediaServerWatch } from "./media-server-watch.ts";
import { RecoveryTurns } from "./recovery-turns.ts";
import { dispatchRequest } from "./request-dispatch.ts";
import type { RingTarget } from "./ring-target.ts";

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
  /** Agents logged in, by DN. */
  readonly agents = new Map<string, { readonly agentId: string; readonly record: boolean }>();
  /** False: nothing that is written is ever on the disk. */
  storageAnswers = true;
  readonly directory: Directory;
  readonly trunks: TrunkUse;
  readonly calls: Calls;
  readonly switch: CallSwitch;
  readonly server: SipEndpoint;
  readonly caller: SipEndpoint;
  readonly called: SipEndpoint;
  readonly mediaServer: FakeMediaServer;
  /** With `mediaServers: 2` there are another one and a Resource Manager before them. */
  readonly secondMediaServer: FakeMediaServer;
  readonly resourceManager: FakeResourceManager;
  /** UDP ports that say nothing and are told nothing. */
  readonly cutOff = new Set<number>();
  last: Call | undefined;

  constructor(
    dns: readonly Partial<DnConfig>[],
    options: Partial<SipServerOptions> = {},
    { mediaServers = 1 }: { readonly mediaServers?: 1 | 2 } = {},
  ) {
    this.server = this.#endpoint();
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
    const note = (what: string): Promise<void> => {
      this.events.push(what.split(" ").slice(0, 2).join(" "));
      this.ledger.push(what);
      return this.#stored(undefined);
    };
    const resourceManager = `sip:127.0.0.1:${mediaServers === 1 ? 5070 : 5069};transport=udp`;
    const config: SipServerConfig = { ...testConfig(dns, options), resourceManagers: [resourceManager] };
    this.directory = directoryOf(config);
    this.trunks = new TrunkUse(this.directory);
    let ids = 0;
    const next = (): string => String((ids += 1));
    this.calls = new Calls(
      {
        config: liveConfig(config, this.directory),
        directory: this.directory,
        trunks: this.trunks,
        clock: this.clock,
        log: silentLogger,
        endpoint: this.server,
        watch: new MediaServerWatch(this.clock, async (uri, ms) => (await this.server.options(uri, ms)) !== undefined),
        resourceManagers: new NextHops({
          uris: config.resourceManagers,
          clock: this.clock,
          ask: (uri, ms) => this.server.options(uri, ms),
        }),
        recoveries: new RecoveryTurns(),
        ledger: {
          expect: ({ dn, side, cause }) =>
            note(`ledger expect ${dn} ${side}${cause === "full-time" ? "" : ` ${cause}`}`),
          resolve: ({ dn }, { outcome, reason }) => note(`ledger ${outcome} ${dn} ${reason ?? ""}`.trim()),
          update: () => Promise.resolve(),
        },
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
        onCall: (call, effects) => {
          this.last = call;
          this.onChange(call, effects);
          this.effects.push(...effects.map(nameOfEffect));
        },
        onAlarm: (_call, reason) => this.alarms.push(reason),
      },
      (tx) => ({ kind: "accepted", dn: tx.request.from?.uri.user ?? "7002" }),
    );
    this.switch = new CallSwitch(this.calls);
    this.server.onRequest = (tx) =>
      dispatchRequest(tx, { onInvite: (t) => this.calls.offer(t), onRegister: () => undefined });
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

  #endpoint(supported?: readonly string[]): SipEndpoint {
    return new SipEndpoint({
      clock: this.clock,
      log: silentLogger,
      userAgent: "test",
      network: this.network,
      sessionTimer: false,
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
