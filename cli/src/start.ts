import { formatMistake, loadConfigInThread, type SidetoneConfig } from "@sidetone/config";
import {
  errorText,
  type Logger,
  type RunningRole,
  SidetoneError,
  systemClock,
  systemRandom,
} from "@sidetone/foundation";
import { banner } from "./banner.ts";
import { readConfig } from "./configuration.ts";
import { exitCodes } from "./exit-codes.ts";
import { makeFolders } from "./folders.ts";
import { type LogLevel, openLog } from "./log.ts";
import { openFilesHint, ownLimits } from "./open-files.ts";
import { chooseRoles, loadRole } from "./roles.ts";
import { withTokenSecret } from "./token-secret.ts";
import { Signals, stopRoles } from "./shutdown.ts";
import { startFailure } from "./start-failure.ts";

/** Options of `sidetone start`. */
export interface StartOptions {
  readonly config: string | undefined;
  readonly logLevel: LogLevel;
}

/**
 * `sidetone start [role ...]`: runs until a signal. Gives the exit code.
 * @throws SidetoneError whatever keeps a role from starting; those that had started are stopped first.
 */
export async function start(named: readonly string[], options: StartOptions): Promise<number> {
  const asWritten = readConfig(options.config);
  const roles = chooseRoles(named, asWritten);
  const config = withTokenSecret(asWritten, roles, systemRandom);
  if (roles.length === 0) {
    process.stderr.write(`${config.file} has no section of a role: there is nothing to start.\n`);
    return exitCodes.failed;
  }
  const terminal = process.stdout.isTTY === true;
  const { log, flush } = openLog(options.logLevel, terminal);
  const running: RunningRole[] = [];
  const interrupted = onSignals(() => lookAgain(config.file, running, log), log, flush);
  try {
    warn(config, log);
    makeFolders(config, roles);
    for (const role of roles) {
      if (interrupted.happened()) break;
      try {
        const startRole = await loadRole(role);
        running.push(await startRole(config, { clock: systemClock, random: systemRandom, log }));
      } catch (error) {
        if (!(error instanceof SidetoneError)) log.error({ role, err: error }, "does not start");
        throw startFailure(role, config.file, error);
      }
    }
  } catch (error) {
    await stopRoles(running, systemClock, log);
    flush();
    throw error;
  }
  if (!interrupted.happened()) {
    for (const role of running) log.info({ role: role.role, listening: role.listening }, "running");
    // JSON lines stay JSON lines: where standard output is no terminal, people read standard error.
    (terminal ? process.stdout : process.stderr).write(`${banner(config, running)}\n`);
  }
  const reason = await interrupted.promise;
  log.info({ reason }, "stopping");
  const clean = await stopRoles(running, systemClock, log);
  flush();
  if (reason === "crash") return exitCodes.failed;
  return clean ? exitCodes.ok : exitCodes.stoppedLate;
}

function warn(config: SidetoneConfig, log: Logger): void {
  for (const warning of config.warnings ?? []) log.warn({ path: warning.path }, formatMistake(warning));
  const hint = openFilesHint(ownLimits());
  if (hint !== undefined) log.warn({}, hint);
}

/** Roles that can take a changed file do. Where none can, it is only checked. */
async function lookAgain(file: string, running: readonly RunningRole[], log: Logger): Promise<void> {
  const able = running.filter((role) => role.reload !== undefined);
  for (const role of able) await role.reload?.();
  if (able.length > 0) return;
  const result = await loadConfigInThread(file).result;
  if (result.ok) return log.warn({ file }, "the configuration has no mistakes; changes count from the next start");
  for (const mistake of result.error) log.error({ file }, `the configuration is refused: ${formatMistake(mistake)}`);
}

interface Interruption {
  /** Resolves with what ended the run. */
  readonly promise: Promise<string>;
  readonly happened: () => boolean;
}

/** SIGINT and SIGTERM end the run in good order; so does an error that nobody caught. */
function onSignals(lookAgain: () => Promise<void>, log: Logger, flush: () => void): Interruption {
  const signals = new Signals(systemClock);
  const { promise, resolve } = Promise.withResolvers<string>();
  let happened = false;
  const end = (reason: string): void => {
    happened = true;
    resolve(reason);
  };
  const onSignal = (name: string): void => {
    const meaning = signals.arrived();
    if (meaning === "stop") end(name);
    if (meaning !== "force") return;
    log.error({}, "stopped by force");
    flush();
    process.exit(exitCodes.forced);
  };
  const crashed = (error: unknown): void => {
    log.error({ err: error }, `an error that nobody caught: ${errorText(error)}`);
    end("crash");
  };
  process.on("SIGINT", () => onSignal("SIGINT"));
  process.on("SIGTERM", () => onSignal("SIGTERM"));
  // A terminal that goes away ends the run; a service manager means: look at the configuration again.
  process.on("SIGHUP", () => (process.stdout.isTTY === true ? onSignal("SIGHUP") : void lookAgain()));
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  return { promise, happened: () => happened };
}
