import cookie from "@fastify/cookie";
import { AccessTokenMint } from "@sidetone/access-token";
import type { SidetoneConfig } from "@sidetone/config";
import { type RoleContext, type RunningRole, SidetoneError } from "@sidetone/foundation";
import { type HttpServer, type Readiness, startHttp } from "@sidetone/http";
import { ListeningOnce } from "./audit/listening-once.ts";
import { Accounts } from "./accounts/accounts.ts";
import { LogInLimit } from "./accounts/log-in-limit.ts";
import { oidcPaths, registerOidc } from "./accounts/oidc-api.ts";
import { OidcLogIn } from "./accounts/oidc-log-in.ts";
import { Passwords } from "./accounts/passwords.ts";
import { Sessions } from "./accounts/sessions.ts";
import { registerUsers } from "./accounts/users-api.ts";
import { StoredAudit } from "./audit/stored-audit.ts";
import { Authentication } from "./authentication.ts";
import { admitted } from "./admission.ts";
import { registerGateway } from "./gateway.ts";
import { guard } from "./guard.ts";
import { builtPages } from "./build-pages.ts";
import { registerOwnPaths } from "./own-paths.ts";
import { registerLive } from "./live/live-api.ts";
import { LiveStage } from "./live/live-stage.ts";
import { registerRecordingCommand } from "./live/recording-command.ts";
import { pagePaths, registerPages } from "./pages.ts";
import { registerResourceCommands } from "./resource-commands.ts";
import { RoleDirectory } from "./role-directory.ts";
import { registerSession } from "./session.ts";
import { endWithSession } from "./session-sockets.ts";
import { consoleStatus } from "./status.ts";
import { openConsoleStore } from "./store/console-store.ts";
import { liveViewOff, registerTlibToken } from "./tlib-token.ts";
import { defaultPauseReminderMs } from "./limits.ts";
import { tlibPath, tlibProxy } from "./tlib-proxy.ts";
import { Upstream } from "./upstream.ts";

const usualSession = { idleMs: 30 * 60_000, longestMs: 12 * 3_600_000 };

/**
 * Starts the console of `config`: the gateway to every role, and the page.
 * @throws SidetoneError `no-section`, `storage-newer`, `storage-unusable`, `database-damaged` (exit 1), `port-in-use` (exit 2).
 */
export async function startConsole(config: SidetoneConfig, context: RoleContext): Promise<RunningRole> {
  const section = config.console;
  if (section === undefined)
    throw new SidetoneError("no-section", `${config.file} has no section console.`, { exit: 1 });
  const log = context.log.child({ role: "console" });
  const upstream = new Upstream();
  const directory = new RoleDirectory(section.roles, context.clock, upstream);
  const mint =
    section.tokenSecret === undefined
      ? undefined
      : new AccessTokenMint({ secret: section.tokenSecret, clock: context.clock });
  if (mint === undefined) log.warn({}, `${liveViewOff.detail} ${liveViewOff.remedy}`);
  const { clock, random } = context;
  const asking = { upstream, apiToken: section.apiToken };
  const stage = new LiveStage({ clock, log, directory, asking });
  let endLive = (): void => undefined;
  const pages = await builtPages(log);
  const store = await openConsoleStore(section.storage);
  const trail = new StoredAudit({ table: store.audit, clock, log });
  const audit = new ListeningOnce(trail, clock);
  const passwords = new Passwords();
  const oidc = section.oidc === undefined ? undefined : new OidcLogIn(section.oidc, { clock, log });
  const configured = section.users;
  const accounts = new Accounts({ configured, users: store.users, passwords, clock, oidc: oidc !== undefined });
  const { idleMs, longestMs } = section.session ?? usualSession;
  const sessions = new Sessions({ table: store.sessions, accounts, clock, random, idleMs, longestMs });
  const limit = new LogInLimit(clock);
  const authentication = new Authentication({ accounts, token: section.apiToken, limit, clock, random });
  let http: HttpServer;
  try {
    await accounts.load();
    http = await startHttp({
      role: "console",
      address: section.http,
      log,
      plainHostOnly: accounts.open,
      trustedProxies: section.trustedProxies,
      ready: () => readiness(directory, trail),
      register: async (app) => {
        await app.register(cookie);
        const { publicUrl, apiToken } = section;
        const open = new Set<string>([...pagePaths, ...pages.map(({ path }) => path), "/api/v1/session", ...oidcPaths]);
        const door = guard(app, { authentication, sessions, audit, open, publicUrl });
        const { visitorOf } = door;
        const doorkeeping = { visitorOf, audit };
        const account = { guard: door, accounts, authentication, passwords, sessions, audit, log, publicUrl };
        registerSession(app, { ...account, oidc });
        if (oidc !== undefined) registerOidc(app, { ...account, oidc });
        registerUsers(app, { ...doorkeeping, accounts, authentication, passwords, sessions, random });
        const pauseReminderMs = section.pauseReminderMs ?? defaultPauseReminderMs;
        registerTlibToken(app, { ...doorkeeping, mint, pauseReminderMs, log });
        app.get("/api/v1/status", async (request) => {
          await admitted(request, doorkeeping, { permission: ["live", "workspace"], action: "workspace" });
          return consoleStatus(config, directory.all);
        });
        registerPages(app, pages);
        endLive = registerLive(app, { clock, stage, visitorOf });
        registerRecordingCommand(app, { ...doorkeeping, clock, directory, asking, mint });
        registerResourceCommands(app, { ...doorkeeping, directory, upstream, apiToken });
        registerOwnPaths(app, {
          ...doorkeeping,
          store,
          file: config.file,
          directory,
          upstream,
          apiToken,
          clock,
          log,
        });
        registerGateway(app, { ...doorkeeping, directory, upstream, log, apiToken });
      },
      upgrades: new Map([[tlibPath, endWithSession(tlibProxy({ directory, log }), sessions)]]),
    });
  } catch (error) {
    stage.close();
    upstream.close();
    sessions.close();
    await store.close();
    throw error;
  }
  directory.watch();
  let closing: Promise<void> | undefined;
  return {
    role: "console",
    listening: [http.url],
    http: http.url,
    close: () =>
      (closing ??= (async () => {
        directory.close();
        endLive();
        stage.close();
        upstream.close();
        sessions.close();
        await http.close();
        await store.close();
      })()),
  };
}

async function readiness(directory: RoleDirectory, trail: StoredAudit): Promise<Readiness> {
  await directory.ask();
  // A role that is ready may still say what it misses.
  const reasons = directory.all.flatMap((h) =>
    (h.ok || h.reasons.length > 0 ? h.reasons : ["is not ready"]).map((r) => `${h.role ?? h.url}: ${r}`),
  );
  const { failing } = trail;
  if (failing !== undefined) reasons.push(`console: the audit trail cannot be written: ${failing}`);
  return { ok: failing === undefined && directory.all.every((h) => h.ok), reasons };
}
