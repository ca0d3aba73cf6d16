import { readFileSync } from "node:fs";
import { delay, SidetoneError, systemClock } from "@sidetone/foundation";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { type ApiOptions, apiAccess } from "./api-client.ts";
import { checkConfig, type Voice } from "./check-config.ts";
import { configFile, readConfig } from "./configuration.ts";
import { exitCodes } from "./exit-codes.ts";
import { type LogLevel, logLevels } from "./log.ts";
import type { RecordAction, RecordOptions } from "./record.ts";
import { reconcileNames } from "./reconcile.ts";
import { searchNames } from "./recordings.ts";
import type { TlibOptions } from "./tlib-access.ts";

/** What a command gave: its exit code. */
export interface Outcome {
  code: number;
}

interface CommonOptions extends ApiOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface ResourcesOptions extends CommonOptions {
  readonly watch?: boolean;
}

/** The command line. Commands load their code when they run; `outcome.code` is set by the one that ran. */
export function buildProgram(voice: Voice, outcome: Outcome): Command {
  const program = new Command("sidetone");
  program
    .description("Active call recording: SIP Server, Resource Manager, Media Server, recorder, console.")
    .version(ownVersion(), "-V, --version")
    .showHelpAfterError("(sidetone --help lists the commands)")
    .configureOutput({
      writeOut: (text) => voice.say(text.trimEnd()),
      writeErr: (text) => voice.complain(text.trimEnd()),
    })
    .exitOverride();
  const configOption = new Option(
    "-c, --config <file>",
    "configuration file (default: $SIDETONE_CONFIG, else sidetone.yaml)",
  );
  const asking = (command: Command): Command =>
    command
      .addOption(configOption)
      .option("--url <url>", "address of a console or role (default: the configuration's console)")
      .option("--user <name:password>", "log-in (default: the configuration's first console user)")
      .option("--json", "JSON instead of a table");

  program
    .command("start")
    .description("run all roles that the configuration has, or the named ones, until Ctrl-C")
    .argument("[role...]", "sip-server, resource-manager, media-server, recorder, console")
    .addOption(configOption)
    .addOption(
      new Option("--log-level <level>", "how much is logged")
        .choices(logLevels)
        .default("info")
        .env("SIDETONE_LOG_LEVEL"),
    )
    .action(async (roles: string[], options: { config?: string; logLevel: LogLevel }) => {
      const { start } = await import("./start.ts");
      outcome.code = await start(roles, { config: options.config, logLevel: options.logLevel });
    });

  program
    .command("check-config")
    .description("name every mistake of a configuration file with its line")
    .argument("[file]", "default: $SIDETONE_CONFIG, else sidetone.yaml")
    .action((file: string | undefined) => {
      outcome.code = checkConfig(configFile(file), voice);
    });

  const search = asking(program.command("recordings").description("search recordings, newest first"));
  for (const name of searchNames) search.option(`--${name} <value>`, searchHelp(name), checkSearch(name));
  for (const name of ["param", "user-data"])
    search.option(
      `--${name} <name=value...>`,
      `with this ${name === "param" ? "parameter" : "piece of user data"}`,
      pairs,
    );
  search.action(async (options: CommonOptions & Record<string, unknown>) => {
    const { recordings } = await import("./recordings.ts");
    const wanted = given(searchNames, options);
    for (const [name, values] of [
      ["param", options["param"]],
      ["user-data", options["userData"]],
    ] as const) {
      if (!Array.isArray(values)) continue;
      for (const [key, value] of values as [string, string][]) wanted.set(`${name}.${key}`, value);
    }
    voice.say(await recordings(access(options), wanted, options.json === true));
  });

  const reconciling = asking(
    program
      .command("reconcile")
      .description("expected against recorded; exit 0 where all that is expected is recorded, else 1 with what is not"),
  );
  for (const name of reconcileNames) reconciling.option(`--${name} <value>`, reconcileHelps[name]);
  reconciling.action(async (options: CommonOptions & Record<string, unknown>) => {
    const { reconcile } = await import("./reconcile.ts");
    const { text, code } = await reconcile(access(options), given(reconcileNames, options), options.json === true);
    voice.say(text);
    outcome.code = code;
  });

  program
    .command("verify")
    .description(
      "compare recordings with their hashes, offline: each damage with place and remedy; exit 1 if there is any",
    )
    .argument("<path>", "a recording's folder, a day, a whole storage, or a copy of any of them")
    .option("--json", "one JSON line for each recording")
    .action(async (path: string, options: { json?: boolean }) => {
      const { verify } = await import("./verify.ts");
      outcome.code = await verify(path, options.json === true, voice);
    });

  program
    .command("rebuild-index")
    .description("make the recorder's index anew from the folders alone; the recorder must be stopped")
    .addOption(configOption)
    .option("--json", "JSON instead of text")
    .action(async (options: { config?: string; json?: boolean }) => {
      const { rebuildIndex } = await import("./rebuild-index.ts");
      outcome.code = await rebuildIndex(readConfig(options.config), options.json === true, voice);
    });

  asking(program.command("resources").description("state of media servers and recorders; take one out of service"))
    .addArgument(
      new Argument(
        "[action]",
        "withdraw: nothing new goes to the resource, what runs there finishes; restore: back in service",
      ).choices(["withdraw", "restore"]),
    )
    .argument("[uri]", "the resource, for example sip:127.0.0.1:5080")
    .option("--token <token>", "api-token of a Resource Manager asked by --url; @FILE reads it from a file")
    .option("--watch", "show it again whenever it changes, until Ctrl-C")
    .action(async (action: "withdraw" | "restore" | undefined, uri: string | undefined, options: ResourcesOptions) => {
      const { changeResource, resources, watchResources } = await import("./resources.ts");
      const json = options.json === true;
      if (action !== undefined) {
        if (uri === undefined) throw missingUri(action);
        return voice.say(await changeResource(access(options), action, uri, json));
      }
      if (options.watch !== true) return voice.say(await resources(access(options), json));
      const ended = interrupted().then(() => false);
      const second = (): Promise<boolean> => delay(systemClock, 1000).then(() => true);
      const clear = json || process.stdout.isTTY !== true ? "" : "\u001B[2J\u001B[H";
      const show = (text: string): void => voice.say(clear + text);
      return watchResources(access(options), json, { show, pause: () => Promise.race([second(), ended]) });
    });

  const speaking = (command: Command): Command =>
    command
      .addOption(configOption)
      .option("--tlib-url <url>", "T-Library interface (default: the configuration's SIP Server)")
      .option(
        "--application <name:password>",
        "log-in; NAME:@FILE reads the password from a file (default: the configuration's first with the right)",
      );

  speaking(program.command("watch").description("what happens on DNs, live, until Ctrl-C"))
    .argument("<dn...>", "DNs, for example 7001 8000")
    .option("--json", "events as JSON lines, as they come")
    .action(async (dns: string[], options: TlibOptions & { json?: boolean }) => {
      const { watch } = await import("./watch.ts");
      await watch(dns, { ...options, json: options.json === true, until: interrupted() }, configOf(options), voice);
    });

  speaking(program.command("record").description("start, stop, pause or resume the recording of a call"))
    .addArgument(new Argument("<action>", "what to do").choices(["start", "stop", "pause", "resume"]))
    .requiredOption("--dn <dn>", "the DN the request is made for")
    .option("--conn-id <id>", "the call (default: the only one on the DN)")
    .addOption(
      new Option("--side <side>", "start: whom to record (default: source, the DN's party)").choices([
        "source",
        "destination",
      ]),
    )
    .option("--id <id>", "start: id of the recording")
    .option("--dest <uri>", "start: address of the recorder")
    .option("--dest2 <uri>", "start: address of a second one that gets a duplicate")
    .option("--param <name=value...>", "for the recording's metadata")
    .option("--reason <text>", "for the audit")
    .action(async (action: RecordAction, options: RecordOptions) => {
      const { record } = await import("./record.ts");
      await record(action, options, configOf(options), voice);
    });

  program
    .command("demo")
    .description("two built-in phones make a recorded call; starts the system if it is not running")
    .addOption(configOption)
    .action(async (options: { config?: string }) => {
      const { runDemo } = await import("./demo.ts");
      outcome.code = await runDemo({ configFile: configFile(options.config), say: voice.say });
    });

  return program;
}

function missingUri(action: string): SidetoneError {
  return new SidetoneError("no-resource-named", `resources ${action} needs the resource's URI.`, {
    exit: 1,
    remedy: "sidetone resources lists them.",
  });
}

function configOf(options: { readonly config?: string }): () => ReturnType<typeof readConfig> {
  return () => readConfig(options.config);
}

/** Resolves at Ctrl-C or when the process is told to end. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

function access(options: CommonOptions): ReturnType<typeof apiAccess> {
  return apiAccess(options, () => readConfig(options.config));
}

/** The options of these names that were given. */
function given(names: readonly string[], options: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const value = options[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof value === "string") found.set(name, value);
  }
  return found;
}

const reconcileHelps: Record<(typeof reconcileNames)[number], string> = {
  from: "expected at or after this time, e.g. 2026-11-20T09:00:00Z",
  to: "expected before this time",
  dn: "of this DN",
  "call-uuid": "of this call",
  verdict: "list these: recorded, partial, missing, by-policy, pending (default: missing and partial)",
  limit: "list at most so many",
  cursor: "where the last answer ended",
};

const searchHelps: Partial<Record<(typeof searchNames)[number], string>> = {
  from: "begun at or after this time, e.g. 2026-11-20T09:00:00Z",
  to: "begun before this time",
  "min-duration-ms": "at least this long",
  "max-duration-ms": "at most this long",
  dn: "with this DN as a party",
  ani: "caller's number",
  dnis: "dialled number",
  state: "recording, complete, partial or failed",
  q: "text in names and parameters",
  limit: "at most so many",
  cursor: "where the last answer ended",
};

function searchHelp(name: (typeof searchNames)[number]): string {
  return searchHelps[name] ?? `with this ${name}`;
}

/** One more `NAME=VALUE` to those before. */
function pairs(text: string, before: readonly (readonly [string, string])[] = []): (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

function checkSearch(name: string): (value: string) => string {
  return (value) => {
    if (name === "limit" && !/^[1-9]\d{0,3}$/.test(value))
      throw new InvalidArgumentError("It must be a number from 1 to 9999.");
    if (name === "state" && !["recording", "complete", "partial", "failed"].includes(value)) {
      throw new InvalidArgumentError("It must be recording, complete, partial or failed.");
    }
    return value;
  };
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

/** Exit code of what commander throws: 0 for help and version, else 1. */
export function commanderExit(exitCode: number): number {
  return exitCode === 0 ? exitCodes.ok : exitCodes.failed;
}
