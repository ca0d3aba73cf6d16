import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DnConfig, formatMistake, loadConfig, type SidetoneConfig } from "@sidetone/config";
import { DemoDesktop } from "./demo-desktop.ts";
import { quiet, ScriptedPhone, sequence, speech, talk, until } from "@sidetone/testing";

/** What the demo needs to know. */
export interface DemoOptions {
  /** Path of the `sidetone.yaml` that the system uses, or shall use. */
  readonly configFile: string;
  /** Where a line of text for the reader goes. */
  readonly say: (line: string) => void;
}

/** Length of each of the two speeches in `packages/testing/audio`. */
const SPEECH_MS = 10_800;
/** Where in the agent's speech a T-Library client pauses the recording, and for how long. */
const PAUSE_AT_MS = 4000;
const PAUSE_MS = 3000;
const READY_MS = 20_000;
const FINISHED_MS = 10_000;

interface Row {
  readonly id: string;
  readonly fileName?: string;
  readonly state: string;
  readonly durationMs: number;
}

/** The console of the system, as a client with the first user's password. */
class ConsoleClient {
  readonly base: string;
  readonly #authorization: string;

  constructor(config: SidetoneConfig) {
    const { console: settings } = config;
    if (settings === undefined) throw new Error("the demo needs the section `console` of the configuration");
    this.base = `http://${settings.http.host}:${settings.http.port}`;
    const user = settings.users[0];
    this.#authorization = `Basic ${Buffer.from(`${user?.name ?? ""}:${user?.password ?? ""}`).toString("base64")}`;
  }

  async ready(): Promise<boolean> {
    try {
      return (await fetch(`${this.base}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  async get(path: string): Promise<Response> {
    const response = await fetch(this.base + path, { headers: { authorization: this.#authorization } });
    if (!response.ok) throw new Error(`${this.base}${path} answers ${response.status}: ${await response.text()}`);
    return response;
  }

  async recordings(dn: string): Promise<readonly Row[]> {
    return (
      (await (await this.get(`/api/v1/recordings?dn=${encodeURIComponent(dn)}&limit=100`)).json()) as {
        recordings: Row[];
      }
    ).recordings;
  }
}

/**
 * Starts the system if it is not running, lets two built-in phones with real speech make a full-time recorded call through it, which
 * a T-Library client pauses and resumes, and says where the recording is. Gives the exit code: 0, or 1 with the reason said.
 */
export async function runDemo({ configFile, say }: DemoOptions): Promise<number> {
  const loaded = loadConfig(configFile);
  if (!loaded.ok) {
    for (const mistake of loaded.error) say(formatMistake(mistake));
    return 1;
  }
  const config = loaded.value;
  const client = new ConsoleClient(config);
  let system: ChildProcess | undefined;
  try {
    if (await client.ready()) say(`Sidetone is running already: ${client.base}`);
    else {
      say("Starting Sidetone ...");
      system = await startSystem(configFile, client);
    }
    await demoCall(config, client, say);
    return 0;
  } catch (error) {
    say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    if (system !== undefined) {
      await stopSystem(system);
      say(`Sidetone has stopped. \`npm start\` starts it again; then the link above works.`);
    }
  }
}

async function startSystem(configFile: string, client: ConsoleClient): Promise<ChildProcess> {
  const binary = fileURLToPath(new URL("../bin/sidetone", import.meta.url));
  // A process group of its own: Ctrl-C at the terminal is ours to pass on, once.
  const child = spawn(binary, ["start", "--config", resolve(configFile)], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await until(async () => gone() || (await client.ready()), READY_MS);
  if (!gone() && (await client.ready())) return child;
  child.kill("SIGKILL");
  throw new Error(`the system does not start:\n${output}`);
}

async function stopSystem(child: ChildProcess): Promise<void> {
  child.kill("SIGINT");
  const gone = await until(() => child.exitCode !== null || child.signalCode !== null, 6000);
  if (!gone) child.kill("SIGKILL");
}

/** Two extensions with passwords: one that is recorded full-time, one more. */
function chooseDns(config: SidetoneConfig): { recorded: DnConfig; other: DnConfig } {
  const usable = Array.from(config.sipServer?.dns.values() ?? []).filter(
    (dn) => dn.type === "extension" && dn.password !== undefined,
  );
  const recorded = usable.find((dn) => dn.record);
  const other = usable.find((dn) => dn !== recorded && !dn.record) ?? usable.find((dn) => dn !== recorded);
  if (recorded === undefined || other === undefined) {
    throw new Error("the configuration needs two extensions with passwords, one of them with `record: true`");
  }
  return { recorded, other };
}

async function demoCall(config: SidetoneConfig, client: ConsoleClient, say: (line: string) => void): Promise<void> {
  const { sipServer } = config;
  const listen = sipServer?.listen.find((address) => address.transport === "udp") ?? sipServer?.listen[0];
  if (sipServer === undefined || listen === undefined)
    throw new Error("the demo needs the section `sip-server` of the configuration");
  const { recorded, other } = chooseDns(config);
  const open = (dn: DnConfig, source: ReturnType<typeof speech>): Promise<ScriptedPhone> =>
    ScriptedPhone.open({
      user: dn.dn,
      domain: sipServer.domain,
      server: { host: listen.host, port: listen.port },
      transport: listen.transport,
      source,
      answering: { kind: "answer", afterMs: 800 },
      ...(dn.password === undefined ? {} : { password: dn.password }),
    });
  const agentSpeech = sequence([
    { source: quiet, ms: SPEECH_MS },
    { source: speech("agent"), ms: SPEECH_MS },
  ]);
  const phones: ScriptedPhone[] = [];
  const desktop = await DemoDesktop.open(config, recorded.dn, say);
  try {
    const caller = await open(other, speech("caller"));
    phones.push(caller);
    const agent = await open(recorded, agentSpeech);
    phones.push(agent);
    await Promise.all([caller.registered(), agent.registered()]);
    say(`Two phones have registered: ${other.dn} and ${recorded.dn} (record: true).`);
    const before = new Set((await client.recordings(recorded.dn)).map((row) => row.id));
    const incoming = agent.nextCall();
    const call = await caller.call(recorded.dn);
    await Promise.all([incoming, call.answered]);
    say(`${other.dn} calls ${recorded.dn}. The caller speaks ...`);
    await talk(SPEECH_MS);
    say("... and the agent answers ...");
    await talk(PAUSE_AT_MS);
    if (desktop !== undefined) {
      await desktop.pause();
      say(`... a T-Library client pauses the recording for ${PAUSE_MS / 1000} s ...`);
    }
    await talk(PAUSE_MS);
    if (desktop !== undefined) {
      await desktop.resume();
      say("... and resumes it ...");
    }
    await talk(SPEECH_MS - PAUSE_AT_MS - PAUSE_MS);
    await call.bye();
    say("... and they hang up.");
    await showRecording(config, client, recorded.dn, before, say);
  } finally {
    await Promise.all([...phones.map((phone) => phone.close()), desktop?.close()]);
  }
}

async function showRecording(
  config: SidetoneConfig,
  client: ConsoleClient,
  dn: string,
  before: ReadonlySet<string>,
  say: (line: string) => void,
): Promise<void> {
  let row: Row | undefined;
  await until(async () => {
    row = (await client.recordings(dn)).find((one) => !before.has(one.id));
    return row !== undefined && row.state !== "recording";
  }, FINISHED_MS);
  if (row === undefined || row.state !== "complete") throw new Error(`the recording is ${row?.state ?? "missing"}`);
  const audio = `/api/v1/recordings/${encodeURIComponent(row.id)}/audio`;
  const bytes = Buffer.from(await (await client.get(audio)).arrayBuffer());
  const directory =
    config.recorder === undefined ? undefined : resolve(dirname(config.file), config.recorder.storage.directory);
  const folder = directory === undefined ? undefined : findFolder(directory, row.id);
  say("");
  say(`Recorded: ${(row.durationMs / 1000).toFixed(1)} s, stereo, caller left, agent right.`);
  if (directory !== undefined) {
    const file = join(dirname(directory), `demo-${(row.fileName ?? row.id).replace(/[^A-Za-z0-9._-]/g, "_")}.wav`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    say(`File:     ${file}`);
  }
  if (folder !== undefined) say(`Segments: ${folder}`);
  say(`Console:  ${client.base}/recordings/${encodeURIComponent(row.id)}`);
  say(`Audio:    ${client.base}${audio}`);
}

/** The folder of a recording below the recorder's storage: it has the recording's id as its name. */
function findFolder(directory: string, id: string): string | undefined {
  try {
    const found = readdirSync(directory, { recursive: true, withFileTypes: true }).find(
      (entry) => entry.isDirectory() && entry.name === id,
    );
    return found === undefined ? undefined : join(found.parentPath, found.name);
  } catch {
    return undefined; // the recorder writes on another machine
  }
}
