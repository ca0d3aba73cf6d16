import { AccessTokenMint } from "@sidetone/access-token";
import type { SidetoneConfig } from "@sidetone/config";
import { type RoleContext, type RunningRole, SidetoneError } from "@sidetone/foundation";
import { type HttpServer, type Readiness, startHttp } from "@sidetone/http";
import { ListeningOnce } from "./audit/listening-once.ts";
import { StoredAudit } from "./audit/stored-audit.ts";
import { Authentication } from "./authentication.ts";
import { registerGateway } from "./gateway.ts";
import { guard } from "./guard.ts";
import { builtPages } from "./build-pages.ts";
import { registerOwnPaths } from "./own-paths.ts";
import { registerLive } from "./live/live-api.ts";
import { LiveStage } from "./live/live-stage.ts";
import { registerRecordingCommand } from "./live/recording-command.ts";
import { registerPages } from "./pages.ts";
import { registerResourceCommands } from "./resource-commands.ts";
import { RoleDirectory } from "./role-directory.ts";
import { registerSession } from "./session.ts";
import { consoleStatus } from "./status.ts";
import { openConsoleStore } from "./store/console-store.ts";
import { liveViewOff, registerTlibToken } from "./tlib-token.ts";
import { defaultPauseReminderMs } from "./limits.ts";
import { tlibPath, tlibProxy } from "./tlib-proxy.ts";
import { Upstream } from "./upstream.ts";

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
  const authentication = new Authentication(section.users, section.apiToken, context.clock);
  const mint =
    section.tokenSecret === undefined
      ? undefined
      : new AccessTokenMint({ secret: section.tokenSecret, clock: context.clock });
  if (mint === undefined) log.warn({}, `${liveViewOff.detail} ${liveViewOff.remedy}`);
  const asking = { upstream, apiToken: section.apiToken };
  const stage = new LiveStage({ clock: context.clock, log, directory, asking });
  let endLive = (): void => undefined;
  const pages = await builtPages(log);
  const store = await openConsoleStore(section.storage);
  const trail = new StoredAudit({ table: store.audit, clock: context.clock, log });
  const audit = new ListeningOnce(trail, context.clock);
  let http: HttpServer;
  try {
    http = await startHttp({
      role: "console",
      address: section.http,
      log,
      plainHostOnly: section.users.length === 0,
      ready: () => readiness(directory, trail),
      register: (app) => {
        const visitorOf = guard(app, authentication);
        registerTlibToken(app, {
          mint,
          visitorOf,
          pauseReminderMs: section.pauseReminderMs ?? defaultPauseReminderMs,
          log,
        });
        app.get("/api/v1/status", async () => consoleStatus(config, directory.all));
        registerPages(app, pages);
        registerSession(app, { visitorOf });
        endLive = registerLive(app, { clock: context.clock, stage, visitorOf });
        registerRecordingCommand(app, { clock: context.clock, directory, asking, mint, audit, visitorOf });
        registerResourceCommands(app, { directory, upstream, apiToken: section.apiToken, visitorOf });
        const { apiToken } = section;
        const { file } = config;
        registerOwnPaths(app, {
          store,
          file,
          directory,
          upstream,
          apiToken,
          clock: context.clock,
          log,
          audit,
          visitorOf,
        });
        registerGateway(app, { directory, upstream, log, apiToken: section.apiToken, audit, visitorOf });
      },
      upgrades: new Map([[tlibPath, tlibProxy({ directory, log })]]),
    });
  } catch (error) {
    stage.close();
    upstream.close();
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
