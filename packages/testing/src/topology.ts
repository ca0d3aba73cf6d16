import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoleName } from "@sidetone/foundation";
import { becomesReady, samplesAt, until } from "./role-http.ts";
import type { LedgerRow, RecordingRow } from "./system.ts";
import { type ConfigTree, overlay } from "./system-config.ts";
import { type Exit, outputOf, stopInTurn, SystemProcess } from "./system-process.ts";
import {
  httpOf,
  type ManyRole,
  partConfig,
  type PartName,
  type Place,
  placesOf,
  withoutDemoPasswords,
} from "./topology-config.ts";

/** What a topology is made of. */
export interface TopologyOptions {
  /** Default 1. Each has the same DNs, and its own phones: one DN is registered at one of them. */
  readonly sipServers?: number;
  /** Default 2. */
  readonly mediaServers?: number;
  /** Default 2. */
  readonly recorders?: number;
  /** Default 2. */
  readonly resourceManagers?: number;
  /** False: no console, whose readiness wants every other part. Default true. */
  readonly console?: boolean;
  /** Laid over every part's own section of the configuration; `null` removes a key. */
  readonly config?: Readonly<Partial<Record<RoleName, ConfigTree>>>;
  /** Laid over one part's own section, after `config`: for what differs between parts of a role. */
  readonly configOf?: (place: Place, all: readonly Place[]) => ConfigTree;
  /** Address of a part; default 127.0.0.1. With any other, all must be reachable from here. */
  readonly hostOf?: (name: PartName) => string;
  /** Command words in front of a part's binary, e.g. to enter a network namespace. */
  readonly wrap?: (name: PartName) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Parts that are configured but not started with the others. */
  readonly later?: readonly PartName[];
  /** Default a new temporary one, removed by `dispose` unless `SIDETONE_TEST_KEEP` is set. */
  readonly folder?: string;
}

/** A recording and the recorder that has it. */
export interface StoredRecording extends RecordingRow {
  readonly at: PartName;
}

/**
 * A Sidetone of many parts, each in a process of its own with its own `sidetone.yaml`, ports and folder: one
 * console, any number of SIP Servers, Resource Managers, Media Servers and recorders. Parts are killed, frozen and started again by name.
 */
export class Topology {
  readonly folder: string;
  /** In the order of a call's way. */
  readonly places: readonly Place[];
  readonly #options: TopologyOptions;
  readonly #processes = new Map<PartName, SystemProcess>();
  /** Those that ended, for their output. */
  readonly #ended: SystemProcess[] = [];
  readonly #frozen = new Set<PartName>();
  #run = 0;

  constructor(options: TopologyOptions, folder: string, places: readonly Place[]) {
    this.#options = options;
    this.folder = folder;
    this.places = places;
  }

  /** Where phones register and call; of several SIP Servers the first. */
  get sip(): { readonly host: string; readonly port: number } {
    return this.sipOf("sip-server");
  }

  /** The same of a SIP Server by its name. */
  sipOf(name: PartName): { readonly host: string; readonly port: number } {
    const { host, sip } = this.place(name);
    return { host, port: sip };
  }

  /** False where parts listen off loopback: then passwords begin with `test-`. */
  get local(): boolean {
    return this.places.every(({ host }) => host.startsWith("127."));
  }

  /** The password of something whose password on loopback is `demo-<name>`. */
  passwordOf(name: string): string {
    return `${this.local ? "demo" : "test"}-${name}`;
  }

  /** Names of all parts, or of those of one role. */
  names(role?: RoleName): PartName[] {
    return this.places.filter((place) => role === undefined || place.role === role).map(({ name }) => name);
  }

  /** Where a part is; throws for a name that is none. */
  place(name: PartName): Place {
    const found = this.places.find((place) => place.name === name);
    if (found === undefined) throw new Error(`no part ${name}; there are ${this.names().join(", ")}`);
    return found;
  }

  /** A part's process; throws where it was never started. */
  process(name: PartName): SystemProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`${name} was never started`);
    return found;
  }

  /** Base URL of a part's HTTP server. */
  http(name: PartName): string {
    return httpOf(this.place(name));
  }

  /** Everything that the processes wrote, ended ones first; or only that of one part. */
  output(name?: PartName): string {
    const all = [...this.#ended, ...this.#processes.values()];
    return outputOf(name === undefined ? all : all.filter((process) => process.name === name));
  }

  /** Writes the configuration of every part, e.g. with a change that is to be read again. */
  async writeConfig(more: Readonly<Partial<Record<RoleName, ConfigTree>>> = {}): Promise<void> {
    for (const place of this.places) {
      mkdirSync(place.folder, { recursive: true });
      let own = await partConfig(place, this.places);
      const alone = this.#options.configOf?.(place, this.places);
      for (const tree of [this.#options.config?.[place.role], alone, more[place.role]])
        if (tree !== undefined) own = overlay(own, { [place.role]: tree });
      writeFileSync(this.#configFile(place), JSON.stringify(this.local ? own : withoutDemoPasswords(own), null, 2));
    }
  }

  /** Starts all parts, or those named, and waits until each says that it is ready and the Resource Managers see all that run. */
  async start(names: readonly PartName[] = this.names()): Promise<void> {
    for (const name of names) this.#spawn(name);
    await Promise.all(names.map((name) => becomesReady(this.process(name), name, this.http(name))));
    await this.seesAll();
  }

  /** Waits until each Resource Manager that runs sees every Media Server and recorder that runs. */
  async seesAll(timeoutMs = 20_000): Promise<void> {
    const wanted = [...this.#running("media-server"), ...this.#running("recorder")].length;
    for (const name of this.#running("resource-manager")) {
      let up = 0;
      const all = await until(async () => {
        const samples = Array.from(await samplesAt(this.http(name)));
        up = samples.filter(([key, value]) => key.startsWith("sidetone_resource_up") && value === 1).length;
        return up >= wanted;
      }, timeoutMs);
      if (!all) throw new Error(`${name} sees ${up} of ${wanted} resources\n${this.output(name).slice(-4000)}`);
    }
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(name: PartName): Promise<void> {
    const process = this.process(name);
    process.killGroup();
    this.#frozen.delete(name);
    await process.exit();
  }

  /** SIGSTOP: the process keeps its sockets and does nothing. */
  freeze(name: PartName): void {
    this.process(name).signalGroup("SIGSTOP");
    this.#frozen.add(name);
  }

  /** SIGCONT. */
  thaw(name: PartName): void {
    this.process(name).signalGroup("SIGCONT");
    this.#frozen.delete(name);
  }

  /** Starts a part again: one that still runs is stopped with SIGTERM first. Resolves when it is ready. */
  async restart(name: PartName, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const before = this.process(name);
    if (before.running) {
      if (this.#frozen.has(name)) this.thaw(name);
      await before.stop(signal);
    }
    this.#spawn(name);
    await becomesReady(this.process(name), name, this.http(name));
  }

  /** Stops everything that runs, in the order of a call's way. Throws where a part does not end cleanly. */
  stop(signal: NodeJS.Signals = "SIGINT", o: { readonly atOnce?: boolean } = {}): Promise<Exit[]> {
    for (const name of this.#frozen) this.thaw(name);
    const running = this.names().flatMap((name) => {
      const process = this.#processes.get(name);
      return process?.running === true ? [process] : [];
    });
    return stopInTurn(running, signal, o);
  }

  /** For `after`: whatever happened, nothing is left running. */
  dispose(): void {
    for (const process of this.#processes.values()) process.killGroup();
    if (process.env["SIDETONE_TEST_KEEP"] === undefined && this.#options.folder === undefined)
      rmSync(this.folder, { recursive: true, force: true });
  }

  /** GET at a part; throws where the status is not 2xx. */
  async get(name: PartName, path: string): Promise<Response> {
    const { role } = this.place(name);
    const basic = `Basic ${Buffer.from(`admin:${this.passwordOf("admin")}`).toString("base64")}`;
    const authorization = role === "console" || this.local ? basic : "Bearer test-token";
    const response = await fetch(this.http(name) + path, {
      headers: { authorization },
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(`GET ${path} at ${name}: ${response.status} ${await response.text()}`);
    return response;
  }

  /** The same as JSON. */
  async json(name: PartName, path: string): Promise<unknown> {
    return (await this.get(name, path)).json();
  }

  /** Recordings of all recorders that run: one that moved from one to the other stands here twice. */
  async recordings(query = "?limit=500"): Promise<StoredRecording[]> {
    const lists = await Promise.all(
      this.#running("recorder").map(async (at) => {
        const { recordings } = (await this.json(at, `/api/v1/recordings${query}`)) as { recordings: RecordingRow[] };
        return recordings.map((row) => ({ ...row, at }));
      }),
    );
    return lists.flat();
  }

  /** The WAV of a recording, from its recorder. */
  async audio({ at, id }: Pick<StoredRecording, "at" | "id">): Promise<Buffer> {
    const response = await this.get(at, `/api/v1/recordings/${encodeURIComponent(id)}/audio`);
    return Buffer.from(await response.arrayBuffer());
  }

  /** Lines of a SIP Server's ledger, the newest first. */
  async ledger(query = "", at: PartName = "sip-server"): Promise<LedgerRow[]> {
    return ((await this.json(at, `/api/v1/ledger${query}`)) as { ledger: LedgerRow[] }).ledger;
  }

  /** Prometheus samples of a part. */
  metrics(name: PartName): Promise<Map<string, number>> {
    return samplesAt(this.http(name));
  }

  /** Parts of a role whose process runs and is not frozen. */
  #running(role: ManyRole): PartName[] {
    return this.names(role).filter((name) => this.#processes.get(name)?.running === true && !this.#frozen.has(name));
  }

  #configFile(place: Place): string {
    return join(place.folder, "sidetone.yaml");
  }

  #spawn(name: PartName): void {
    const place = this.place(name);
    const before = this.#processes.get(name);
    if (before !== undefined) this.#ended.push(before);
    this.#run += 1;
    this.#processes.set(
      name,
      new SystemProcess(name, ["start", place.role, "--config", this.#configFile(place)], {
        cwd: place.folder,
        env: { ...this.#options.env },
        logFile: join(this.folder, `${name}.${this.#run}.log`),
        wrap: this.#options.wrap?.(name) ?? [],
      }),
    );
  }
}

/** Writes the configurations into a temporary folder and starts every part. Call `stop()`, and `dispose()` in `after`. */
export async function startTopology(options: TopologyOptions = {}): Promise<Topology> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "sidetone-topology-"));
  const counts = {
    "sip-server": options.sipServers ?? 1,
    "resource-manager": options.resourceManagers ?? 2,
    "media-server": options.mediaServers ?? 2,
    recorder: options.recorders ?? 2,
    console: options.console === false ? 0 : 1,
  } as const;
  const places = await placesOf(folder, counts, options.hostOf ?? (() => "127.0.0.1"));
  const topology = new Topology(options, folder, places);
  await topology.writeConfig();
  try {
    await topology.start(topology.names().filter((name) => options.later?.includes(name) !== true));
  } catch (error) {
    topology.dispose();
    throw error;
  }
  return topology;
}
