import { readFileSync } from "node:fs";
import type { SidetoneConfig, SipServerConfig } from "@sidetone/config";
import { errorText, type Logger, type RoleContext, type RunningRole } from "@sidetone/foundation";
import { type HttpServer, startHttp, StatePush } from "@sidetone/http";
import {
  DigestVerifier,
  GuessGuard,
  hearOfResources,
  NextHops,
  openSipJournal,
  SipEndpoint,
  type JournalEntry,
} from "@sidetone/sip";
import { callView } from "./api/call-view.ts";
import { LiveCalls, registerLiveRoutes, registerMetrics, registerRoutes } from "./api/index.ts";
import type { Call } from "./call-model/call.ts";
import { ConfigReload, type Directory, directoryOf, liveConfig, TrunkUse } from "./directory/index.ts";
import { defaultKeeping, SignallingJournal } from "./journal/index.ts";
import { CallUuidSource, ConfIdSource, ConnIdSource, RecordingIds } from "./identity/index.ts";
import { Ledger } from "./ledger/index.ts";
import { CallStore, RestoredCalls } from "./restore/index.ts";
import { Authenticator, Registrar } from "./registrar/index.ts";
import { CallSwitch } from "./signalling/call-switch.ts";
import { MediaServerWatch } from "./signalling/media-server-watch.ts";
import { Calls } from "./signalling/calls.ts";
import { RecoveryTurns } from "./signalling/recovery-turns.ts";
import { allowedMethods, dispatchRequest, supportedExtensions } from "./signalling/request-dispatch.ts";
import { AuditTrail, CallJournal, openStorage, type Storage } from "./storage/index.ts";
import { TlibServer, tlibPath, webSocketDoor } from "./t-library/index.ts";

/** How often the call journal is looked through for what is too old; ms. */
const SWEEP_INTERVAL_MS = 24 * 3_600_000;
const DAY_MICROS = 24 * 3_600_000_000;
/** More writes than this waiting for the disk means that it does not keep up. */
const STORAGE_BACKLOG = 5000;
/** How long calls may take to end when the server stops, milliseconds; the process has 5 s. */
const CLOSE_CALLS_MS = 3000;

/**
 * Starts SIP Server: registrar, B2BUA, recording policy, ledger and their HTTP paths.
 * @param whole the configuration that the section comes from: its file is read again when it changes
 * @throws SidetoneError `port-in-use` (exit 2), storage errors (exit 1)
 */
export async function startSipServer(
  started: SipServerConfig,
  context: RoleContext,
  whole?: SidetoneConfig,
): Promise<RunningRole> {
  const { clock, random } = context;
  const log = context.log.child({ role: "sip-server" });
  const directory = directoryOf(started, (error) => {
    log.error({ error: errorText(error) }, "a change of the configuration was not taken over everywhere");
  });
  const config = liveConfig(started, directory);
  const opened: (() => Promise<void> | void)[] = [];
  const closeOpened = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close();
  };
  try {
    const storage = await openStorage({ file: config.storage, log });
    opened.push(() => storage.close());
    const store = new CallStore({ storage, clock, log });
    opened.push(() => store.close());
    const kept = await store.load();
    const ledger = new Ledger({ storage, clock, log });
    await ledger.closeLeftOpen();
    const sipJournal = config.sipJournal === undefined ? undefined : openSipJournal(config.sipJournal, log);
    opened.push(() => sipJournal?.close());
    const signalling = await openSignallingJournal(config, context, log);
    opened.push(() => signalling?.close());
    const endpoint = newEndpoint(config, context, (entry) => {
      signalling?.frame(entry);
      sipJournal?.record(entry);
    });
    opened.push(() => endpoint.close());

    const authenticator = new Authenticator({
      realm: config.domain,
      dns: () => directory.dns(),
      verifier: new DigestVerifier({ clock, random }),
      guard: new GuessGuard({ clock }),
      log,
    });
    const registrar = await Registrar.open({ clock, log, storage, authenticator, config });
    opened.push(() => registrar.close());
    directory.onChange(({ dns }) => {
      for (const dn of dns.removed) registrar.forget(dn);
    });
    const journal = new CallJournal({ storage, clock });
    const audit = new AuditTrail({ storage, clock });
    const live = new LiveCalls(clock);
    const parts = {
      config,
      directory,
      context,
      storage,
      store,
      journal,
      signalling,
      audit,
      ledger,
      endpoint,
      registrar,
      authenticator,
      live,
    };
    const { calls, tlib } = await newCalls({ ...parts, opened });
    opened.push(() => endCalls(calls, context));
    directory.onChange(({ dns }) => tlib.dnsChanged(dns));
    // R33: before anything can come in for them.
    const restored = new RestoredCalls(calls, (callUuid) => store.forget(callUuid));
    restored.restore(kept);
    opened.push(restored.stop);

    endpoint.onRequest = (tx) =>
      dispatchRequest(tx, { onInvite: (t) => calls.offer(t), onRegister: (t) => registrar.handleRegister(t) });
    const listening: string[] = [];
    for (const address of config.listen) {
      const bound = await endpoint.listen(address);
      listening.push(`${bound.transport}://${bound.host.includes(":") ? `[${bound.host}]` : bound.host}:${bound.port}`);
    }
    tlib.setLink(true);
    restored.resume().catch((error: unknown) => {
      log.error({ error: errorText(error) }, "calls of before the restart could not be set right");
    });
    const push = new StatePush<void>({ clock, stateFor: () => live.state(calls, tlib.agents()) });
    const http = await newHttp({ ...parts, log, calls, tlib, push });
    if (http !== undefined) {
      opened.push(() => http.close());
      opened.push(() => push.close());
      listening.push(http.url);
    }
    opened.push(() => tlib.close());
    const running = { role: "sip-server", listening, http: http?.url, close: closeOpened } as const;
    if (whole === undefined) return running;
    const reload = new ConfigReload({ clock, log, running: whole, directory });
    opened.push(() => reload.close());
    return { ...running, reload: () => reload.reload() };
  } catch (error) {
    await closeOpened();
    throw error;
  }
}

/** A journal that cannot be opened costs the journal, not the calls. */
async function openSignallingJournal(
  { storage, journal = defaultKeeping }: SipServerConfig,
  { clock }: RoleContext,
  log: Logger,
): Promise<SignallingJournal | undefined> {
  const file = storage === ":memory:" ? storage : `${storage.replace(/\.sqlite$/, "")}-journal.sqlite`;
  try {
    return await SignallingJournal.open({ file, keeping: journal, clock, log });
  } catch (error) {
    log.error({ file, error: errorText(error) }, "the journal of calls cannot be opened; calls go on without it");
    return undefined;
  }
}

function newEndpoint(
  config: SipServerConfig,
  context: RoleContext,
  onJournal: (entry: JournalEntry) => void,
): SipEndpoint {
  const { sessionExpires, minSe } = config.options;
  return new SipEndpoint({
    clock: context.clock,
    random: context.random,
    log: context.log.child({ role: "sip-server" }),
    userAgent: "Sidetone SIP Server",
    supported: [...supportedExtensions],
    allow: [...allowedMethods],
    accept: ["application/sdp"],
    largeRequests: "tcp-then-udp",
    sessionTimer: { expires: sessionExpires, minSe },
    onJournal,
  });
}

interface Parts {
  readonly config: SipServerConfig;
  readonly directory: Directory;
  readonly context: RoleContext;
  readonly storage: Storage;
  readonly store: CallStore;
  readonly journal: CallJournal;
  readonly signalling: SignallingJournal | undefined;
  readonly audit: AuditTrail;
  readonly ledger: Ledger;
  readonly endpoint: SipEndpoint;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly live: LiveCalls;
}

async function newCalls(
  parts: Parts & { readonly opened: (() => Promise<void> | void)[] },
): Promise<{ readonly calls: Calls; readonly tlib: TlibServer }> {
  const {
    config,
    directory,
    context,
    storage,
    store,
    journal,
    signalling,
    ledger,
    endpoint,
    registrar,
    authenticator,
  } = parts;
  const { live, opened } = parts;
  const { clock, random } = context;
  const log = context.log.child({ role: "sip-server" });
  const sweep = (): void => {
    const { days } = config.journal ?? defaultKeeping;
    journal.forgetBefore(clock.wallMicros() - days * DAY_MICROS).catch((error: unknown) => {
      log.error({ error: errorText(error) }, "old entries of the call journal could not be removed");
    });
  };
  sweep();
  opened.push(clock.every(SWEEP_INTERVAL_MS, sweep));
  const note = (call: Call, kind: string, data: unknown): void => {
    const { callUuid, connId } = call;
    journal.append({ callUuid, connId, kind, data }).catch((error: unknown) => {
      log.error({ callUuid, connId, error: errorText(error) }, "the call journal cannot be written");
    });
  };
  const watch = new MediaServerWatch(clock, async (uri, ms) => (await endpoint.options(uri, ms)) !== undefined);
  const resourceManagers = new NextHops({
    uris: config.resourceManagers,
    clock,
    ask: (uri, ms) => endpoint.options(uri, ms),
    onChange: (uri, alive) =>
      alive
        ? log.info({ uri }, "Resource Manager answers again")
        : log.warn({ uri }, "Resource Manager does not answer"),
  });
  opened.push(() => resourceManagers.close());
  endpoint.onFlowClosed = ({ transport, remote }) => {
    if (transport === "tcp") watch.connectionClosed(`${remote.host}:${remote.port}`);
  };
  opened.push(
    hearOfResources({
      subscribe: (o) => endpoint.subscribe(o),
      log,
      resourceManagers: config.resourceEvents ? config.resourceManagers : [],
      service: "msml",
      onLost: (uri) => watch.reportedGone(uri),
    }),
  );
  const connIds = await ConnIdSource.open({ storage, clock, log, serverId: config.serverId });
  // Each needs the other: the calls tell T-Library of their changes, T-Library moves the calls.
  let tlib: TlibServer | undefined;
  const calls = new Calls(
    {
      config,
      directory,
      trunks: new TrunkUse(directory),
      clock,
      log,
      endpoint,
      watch,
      resourceManagers,
      recoveries: new RecoveryTurns(),
      ledger,
      ids: {
        connIds,
        callUuids: new CallUuidSource(random),
        confIds: new ConfIdSource(random),
        recordingIds: new RecordingIds({ storage, clock }),
      },
      contactsOf: (dn) => registrar.lookup(dn).map(({ uri, destination }) => ({ uri, destination })),
      agentOf: (dn) => {
        const agentId = tlib?.agentAt(dn);
        if (agentId === undefined) return undefined;
        return { agentId, record: directory.agentLogin(agentId)?.record === true };
      },
      dnOfAgent: (agentId) => tlib?.dnOfAgent(agentId),
      strategyAt: (dn) => tlib?.watches(dn) === true,
      keeper: store,
      dialogs: signalling,
      onCall: (call, effects) => {
        signalling?.call(call);
        for (const effect of effects) {
          note(call, effect.kind, effect);
          if (effect.kind === "user-data-changed" && effect.keys.includes("GSIP_RECORD"))
            note(call, "recording", call.recording);
        }
        live.onCall(call);
        tlib?.onCall(call, effects);
      },
      onAlarm: (call, reason) => {
        log.warn({ callUuid: call.callUuid, connId: call.connId, reason }, "a call that should be recorded is not");
        note(call, "alarm", { reason });
        live.onAlarm(call, reason);
      },
    },
    (tx) => authenticator.check(tx.request, tx.flow),
  );
  tlib = newTlib(parts, calls);
  return { calls, tlib };
}

function newTlib({ config, directory, context, journal, audit, live }: Parts, calls: Calls): TlibServer {
  return new TlibServer({
    clock: context.clock,
    random: context.random,
    log: context.log.child({ role: "sip-server" }),
    calls: new CallSwitch(calls),
    serverVersion: ownVersion(),
    journal,
    audit: {
      append: (entry) => {
        live.onAudit(entry);
        return audit.append(entry);
      },
    },
    tokenSecret: config.tokenSecret,
    applications: () => directory.applications(),
    agentLogins: () => directory.agentLogins(),
    dns: () => directory.dns(),
  });
}

/** Version of this package, for `EventServerConnected`. */
function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const named = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return named ? String(manifest.version) : "unknown";
}

async function endCalls(calls: Calls, context: RoleContext): Promise<void> {
  let giveUp = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    giveUp = context.clock.after(CLOSE_CALLS_MS, resolve);
  });
  await Promise.race([calls.close(), late]);
  giveUp();
}

function readiness(storage: Storage): { readonly ok: boolean; readonly reasons: readonly string[] } {
  if (storage.closed) return { ok: false, reasons: ["The store is closed: nothing can be written to the ledger."] };
  const { queued } = storage.stats();
  if (queued <= STORAGE_BACKLOG) return { ok: true, reasons: [] };
  return {
    ok: false,
    reasons: [`The disk does not keep up: ${queued} writes wait. Check the disk of sip-server.storage.`],
  };
}

async function newHttp(
  parts: Omit<Parts, "context" | "directory"> & {
    readonly calls: Calls;
    readonly tlib: TlibServer;
    readonly push: StatePush<void>;
    readonly log: Logger;
  },
): Promise<HttpServer | undefined> {
  const { config, calls, tlib, push, log, storage, ledger, registrar, authenticator, journal, audit } = parts;
  const { store, signalling } = parts;
  if (config.http === undefined) return undefined;
  const door = webSocketDoor({ server: tlib, log, host: config.http.host, plainWs: config.plainWs === true });
  const journals = { signalling, journal, audit };
  const shown = { storage, store, ledger, registrar, authenticator, tlib, trace: { journal, audit }, signalling };
  const http = await startHttp({
    role: "sip-server",
    address: config.http,
    log,
    token: config.apiToken,
    ready: () => readiness(storage),
    register: (app) => {
      registerRoutes(app, {
        ...shown,
        journals,
        site: () => config.options.geoLocation,
        calls: () => calls.list().map(callView),
      });
      registerLiveRoutes(app, push);
    },
    upgrades: new Map([[tlibPath, door]]),
  });
  registerMetrics(http.metrics, { ...shown, calls: () => calls.list() });
  return http;
}
