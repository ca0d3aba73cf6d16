import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { roleNames, type RoleName } from "@sidetone/foundation";
import { type ConfigTree, overlay, systemConfig, type SystemPorts, systemPorts } from "./system-config.ts";
import { becomesReady, samplesAt, until } from "./role-http.ts";
import { type Exit, outputOf, stopInTurn, SystemProcess } from "./system-process.ts";

/** All roles in one process, or each in its own. */
export type SystemMode = "one-process" | "five-processes";

/** The mode that the runner asks for: `SIDETONE_TEST_MODE=five-processes`, else one process. */
export const systemMode: SystemMode =
  process.env["SIDETONE_TEST_MODE"] === "five-processes" ? "five-processes" : "one-process";

export interface SystemOptions {
  readonly mode?: SystemMode;
  /** Roles that run; default all. The others' sections stay out of the configuration. */
  readonly roles?: readonly RoleName[];
  /** Laid over the default configuration; `null` removes a key. */
  readonly config?: ConfigTree | ((ports: SystemPorts, folder: string) => ConfigTree);
  /** Roles that must be ready before `start` is over; default all that run. */
  readonly waitFor?: readonly RoleName[];
  readonly env?: NodeJS.ProcessEnv;
  /** Folder of configuration, logs and recordings; default a new temporary one, removed by `stop`. */
  readonly folder?: string;
  readonly ports?: SystemPorts;
  /** Loads the GC hook, so that `held()` works. */
  readonly countHeld?: boolean;
}

/** What a process still holds after garbage collection. */
export interface Held {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly files: number;
  readonly sockets: number;
}

/** The way of a call: who stands earlier ends it for those behind. */
const callOrder: readonly RoleName[] = ["sip-server", "media-server", "recorder", "resource-manager", "console"];

/** One recording as `GET /api/v1/recordings` gives it, as far as tests read it. */
export interface RecordingRow {
  readonly id: string;
  readonly fileName: string;
  readonly callUuid: string;
  readonly connId?: string;
  readonly startTime: string;
  readonly endTime?: string;
  readonly durationMs: number;
  readonly state: "recording" | "complete" | "partial" | "failed";
  readonly channels: readonly { readonly [name: string]: unknown }[];
  readonly events?: readonly { readonly [name: string]: unknown }[];
  readonly [name: string]: unknown;
}

/** One line of SIP Server's ledger, as far as tests read it (R34). */
export interface LedgerRow {
  readonly callUuid: string;
  readonly dn: string;
  readonly expectedFrom: string;
  readonly expectedUntil: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly recordingId: string | null;
}

/** A whole Sidetone, started by its binary from a `sidetone.yaml` of its own. */
export class RunningSystem {
  readonly folder: string;
  readonly ports: SystemPorts;
  readonly mode: SystemMode;
  readonly configFile: string;
  readonly roles: readonly RoleName[];
  processes: SystemProcess[] = [];
  readonly #options: SystemOptions;
  #run = 0;

  constructor(options: SystemOptions, ports: SystemPorts, folder: string) {
    this.#options = options;
    this.ports = ports;
    this.folder = folder;
    this.mode = options.mode ?? systemMode;
    this.roles = options.roles ?? roleNames;
    this.configFile = join(folder, "sidetone.yaml");
  }

  /** Where phones register and call. */
  get sip(): { readonly host: string; readonly port: number } {
    return { host: "127.0.0.1", port: this.ports.sip };
  }

  /** Base URL of a role's HTTP server. */
  http(role: RoleName): string {
    const port: Record<RoleName, number> = {
      "sip-server": this.ports.httpSip,
      "resource-manager": this.ports.httpResourceManager,
      "media-server": this.ports.httpMediaServer,
      recorder: this.ports.httpRecorder,
      console: this.ports.console,
    };
    return `http://127.0.0.1:${port[role]}`;
  }

  /** File of a role's SIP journal, JSON lines. */
  journal(role: RoleName): string {
    return join(this.folder, `${role}.journal`);
  }

  /** Everything that the processes wrote. */
  get output(): string {
    return outputOf(this.processes);
  }

  /** Writes the configuration again, e.g. between stop and start. */
  writeConfig(more: ConfigTree = {}): void {
    const change = this.#options.config;
    const own = typeof change === "function" ? change(this.ports, this.folder) : (change ?? {});
    let tree = overlay(overlay(systemConfig(this.folder, this.ports), own), more);
    for (const role of roleNames) {
      if (!this.roles.includes(role)) tree = overlay(tree, { [role]: null });
    }
    writeFileSync(this.configFile, JSON.stringify(tree, null, 2));
  }

  /** Starts the processes and waits until every role says that it is ready. */
  async start(): Promise<void> {
    this.#run += 1;
    const groups =
      this.mode === "one-process"
        ? [["all", []] as const]
        : callOrder.filter((role) => this.roles.includes(role)).map((role) => [role, [role]] as const);
    this.processes = groups.map(([name, roles]) => this.#spawn(name, roles));
    await Promise.all((this.#options.waitFor ?? this.roles).map((role) => this.#ready(role)));
  }

  /**
   * Stops everything with a signal: several processes in the order of a call's way, as an operator would, or `atOnce`, as a machine that shuts
   * down does. Throws where an exit code is not 0, a process needed more than 5 s, or a child is left.
   */
  stop(signal: NodeJS.Signals = "SIGINT", o: { readonly atOnce?: boolean } = {}): Promise<Exit[]> {
    return stopInTurn(this.processes, signal, o);
  }

  /** For `after`: whatever happened, nothing is left running. Folder and logs stay where `SIDETONE_TEST_KEEP` is set. */
  dispose(): void {
    for (const process of this.processes) process.killGroup();
    if (process.env["SIDETONE_TEST_KEEP"] === undefined && this.#options.folder === undefined) {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** `kill -9` to everything, as a power cut would. */
  async kill(): Promise<void> {
    for (const process of this.processes) process.killGroup();
    await Promise.all(this.processes.map((process) => process.exit()));
  }

  /** `kill -9` to one role of five processes. */
  async killRole(role: RoleName): Promise<void> {
    const process = this.#processOf(role);
    process.killGroup();
    await process.exit();
  }

  /** Starts a role again that was killed; waits until it is ready. */
  async startRole(role: RoleName): Promise<void> {
    this.#run += 1;
    this.processes[this.processes.indexOf(this.#processOf(role))] = this.#spawn(role, [role]);
    await this.#ready(role);
  }

  /** GET with the administrator's password; throws where the status is not 2xx. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const base = path.startsWith("http") ? path : this.http("console") + path;
    const authorization = `Basic ${Buffer.from("admin:demo-admin").toString("base64")}`;
    const response = await fetch(base, { headers: { authorization, ...headers } });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  /** The newest recordings; waits for none. */
  async recordings(query = ""): Promise<RecordingRow[]> {
    const body = (await (await this.get(`/api/v1/recordings${query}`)).json()) as { recordings: RecordingRow[] };
    return body.recordings;
  }

  /** Waits until `count` recordings are closed (complete, partial or failed) and gives all. */
  async finishedRecordings(count: number, timeoutMs = 10_000): Promise<RecordingRow[]> {
    let last: RecordingRow[] = [];
    const found = await until(async () => {
      last = await this.recordings("?limit=500");
      return last.length >= count && last.every((row) => row.state !== "recording");
    }, timeoutMs);
    if (!found)
      throw new Error(
        `${count} finished recordings wanted, there are ${JSON.stringify(last, null, 1)}\n${this.output.slice(-4000)}`,
      );
    return last;
  }

  /** Ledger lines of a DN, the newest first. */
  async ledger(dn: string): Promise<LedgerRow[]> {
    const body = (await (await this.get(`${this.http("sip-server")}/api/v1/ledger?dn=${dn}`)).json()) as {
      ledger: LedgerRow[];
    };
    return body.ledger;
  }

  /** Fetches a recording's WAV through the console into the system's folder; gives the file's path. */
  async fetchAudio(id: string): Promise<string> {
    const file = join(this.folder, `${id.replace(/[^A-Za-z0-9._-]/g, "_")}.wav`);
    const response = await this.get(`/api/v1/recordings/${encodeURIComponent(id)}/audio`);
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    return file;
  }

  /** Prometheus samples of a role: name with labels → value. */
  metrics(role: RoleName): Promise<Map<string, number>> {
    return samplesAt(this.http(role));
  }

  /** What each process holds after garbage collection; needs `countHeld`. */
  async held(): Promise<Map<string, Held>> {
    const out = new Map<string, Held>();
    for (const process of this.processes) {
      const file = join(this.folder, `held.${process.pid}`);
      if (existsSync(file)) unlinkSync(file);
      process.child.kill("SIGUSR2");
      let report: Held | undefined;
      const came = await until(() => {
        try {
          report = JSON.parse(readFileSync(file, "utf8")) as Held;
          return true;
        } catch {
          return false; // not written yet, or not whole
        }
      }, 5000);
      if (!came || report === undefined)
        throw new Error(`${process.name} does not say what it holds: was it started with countHeld?`);
      out.set(process.name, report);
    }
    return out;
  }

  #processOf(role: RoleName): SystemProcess {
    const found = this.processes.find((process) => process.name === role);
    if (found === undefined) throw new Error(`${role} has no process of its own`);
    return found;
  }

  #spawn(name: string, roles: readonly RoleName[]): SystemProcess {
    const hook = fileURLToPath(new URL("./gc-hook.ts", import.meta.url));
    const held =
      this.#options.countHeld === true
        ? { NODE_OPTIONS: `--expose-gc --import=${hook}`, SIDETONE_TEST_HELD: join(this.folder, "held") }
        : {};
    return new SystemProcess(name, ["start", ...roles, "--config", this.configFile], {
      cwd: this.folder,
      env: { ...held, ...this.#options.env },
      logFile: join(this.folder, `${name}.${this.#run}.log`),
    });
  }

  #ready(role: RoleName): Promise<void> {
    const process = this.processes.find((candidate) => candidate.name === "all" || candidate.name === role);
    return becomesReady(process, role, this.http(role));
  }
}

/** Real time passes: for calls between phones whose sound takes as long as it takes. */
export function talk(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Writes a `sidetone.yaml` into a temporary folder and starts a system from it. Call `stop()`, and `dispose()` in `after`. */
export async function startSystem(options: SystemOptions = {}): Promise<RunningSystem> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "sidetone-test-"));
  const system = new RunningSystem(options, options.ports ?? (await systemPorts()), folder);
  system.writeConfig();
  try {
    await system.start();
  } catch (error) {
    system.dispose();
    throw error;
  }
  return system;
}
