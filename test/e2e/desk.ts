// A desktop as tests need it, and recorders beside the system's own.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  type AudioSource,
  type ConfigTree,
  decodeUlaw,
  goertzel,
  level,
  overlay,
  type PhoneCodec,
  readWav,
  type RecordingRow,
  type RunningSystem,
  SystemProcess,
  tone,
  until,
  type WavFile,
} from "@sidetone/testing";
import { connect as connectTlib, type TlibClient, TlibError } from "@sidetone/tlib/client";
import { connect, phone, type UpCall } from "./phones.ts";

/** Attributes of an event. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What the caller of a test call says, and the called one; Hz. */
export const CALLER_HZ = 437;
export const CALLEE_HZ = 1013;

/** An event as the client saw it. */
interface Told {
  readonly message: string;
  readonly attributes: Attributes;
}

/** A T-Library client that keeps what it is told. */
export class Desk {
  readonly client: TlibClient;
  readonly #told: Told[] = [];
  /** ConnIDs as they were seen. */
  readonly #calls: string[] = [];
  #taken = 0;

  private constructor(client: TlibClient) {
    this.client = client;
  }

  /** Opens a session of `application` (its password is `demo-<application>`) and registers the DNs. */
  static async open(t: TestContext, system: RunningSystem, application: string, ...dns: string[]): Promise<Desk> {
    const url = `${system.http("sip-server").replace("http", "ws")}/tlib/v1`;
    const applicationPassword = `demo-${application}`;
    const desk = new Desk(await connectTlib({ url, applicationName: application, applicationPassword }));
    t.after(() => desk.client.close());
    void (async () => {
      for await (const event of desk.client.events()) {
        if ("attributes" in event) desk.#told.push({ message: event.message, attributes: event.attributes });
      }
    })();
    for (const dn of dns) await desk.client.register(dn);
    return desk;
  }

  /** Events about calls that a DN was told, the oldest first. */
  told(dn: string): readonly Told[] {
    return this.#told.filter(({ attributes }) => attributes["ThisDN"] === dn);
  }

  /** The events about calls since the last time, in the order they came, as `Held(7102; 1)`: the calls are numbered as they began. */
  take(): readonly string[] {
    const told = this.#told.slice(this.#taken).filter(({ attributes }) => attributes["ConnID"] !== undefined);
    this.#taken = this.#told.length;
    return told
      .filter(({ message }) => message !== "EventAttachedDataChanged")
      .map(({ message, attributes }) => {
        const connId = String(attributes["ConnID"]);
        if (!this.#calls.includes(connId)) this.#calls.push(connId);
        return `${message.slice(5)}(${String(attributes["ThisDN"])}; ${this.#calls.indexOf(connId) + 1})`;
      });
  }

  /** Waits until exactly these events have come since the last time. */
  async tells(...events: string[]): Promise<void> {
    const seen: string[] = [];
    await until(() => {
      seen.push(...this.take());
      return seen.length >= events.length;
    }, 8000);
    assert.deepEqual(seen, events);
  }

  /** `GSIP_RECORD` of a DN's data events, in order. */
  indications(dn: string): unknown[] {
    return this.told(dn)
      .filter(({ message }) => message === "EventAttachedDataChanged")
      .map(({ attributes }) => userData(attributes)["GSIP_RECORD"]);
  }

  /** Waits until a DN's `GSIP_RECORD` has said this and nothing else. */
  async says(dn: string, ...states: string[]): Promise<void> {
    const told = await until(() => this.indications(dn).length >= states.length, 8000);
    assert.ok(told, `${dn}: ${states.join(", ")} wanted, told was ${JSON.stringify(this.indications(dn))}`);
    assert.deepEqual(this.indications(dn), states, `GSIP_RECORD of ${dn}`);
  }

  /** ThisDN and ConnID of the call of a DN that is up. */
  async about(dn: string): Promise<{ ThisDN: string; ConnID: string }> {
    const find = (): Told | undefined => this.told(dn).find(({ message }) => message === "EventEstablished");
    assert.ok(await until(() => find() !== undefined, 3000), `${dn} has no EventEstablished`);
    return { ThisDN: dn, ConnID: String(find()?.attributes["ConnID"]) };
  }
}

/** User data of an event. */
export function userData(attributes: Attributes): Attributes {
  return (attributes["UserData"] ?? {}) as Attributes;
}

/** `accepted`, or the name of the error. */
export function refusal(request: Promise<unknown>): Promise<string> {
  return request.then(
    () => "accepted",
    (error: unknown) => (error instanceof TlibError ? error.name : String(error)),
  );
}

/** Calls from one DN to another, with the tones of caller and callee. */
export async function talking(
  t: TestContext,
  system: RunningSystem,
  from: string,
  to: string,
  codecs: readonly PhoneCodec[] = ["PCMU"],
): Promise<UpCall> {
  const a = await phone(t, system, from, { codecs, source: tone(CALLER_HZ) });
  const answering = { kind: "answer", afterMs: 100 } as const;
  const b = await phone(t, system, to, { codecs, source: tone(CALLEE_HZ), answering });
  return connect(a, b);
}

/** Both play the same from now on; without a source each its own tone again. */
export function play(call: UpCall, source?: AudioSource): void {
  call.caller.play(source ?? tone(CALLER_HZ));
  call.callee.play(source ?? tone(CALLEE_HZ));
}

/** A recorder in a process of its own, beside the system's. */
export class OwnRecorder {
  readonly uri: string;
  readonly http: string;
  readonly rtpPorts: readonly [number, number];
  readonly #system: RunningSystem;
  readonly #name: string;
  readonly #configFile: string;
  #process: SystemProcess;
  #runs = 0;

  /**
   * @param n distance of its ports from those of the system's own recorder; its RTP ports are 25,000 + 1,000 n and the 1,000 above
   * @param change of section `recorder`
   */
  constructor(system: RunningSystem, n: number, change: ConfigTree = {}) {
    this.#system = system;
    this.#name = `recorder${n}`;
    this.uri = OwnRecorder.uriOf(n);
    this.rtpPorts = [25_000 + 1000 * n, 25_999 + 1000 * n];
    this.http = `http://127.0.0.1:${8090 + n}`;
    const { recorder } = overlay(JSON.parse(readFileSync(system.configFile, "utf8")) as ConfigTree, {
      recorder: {
        listen: [`tcp://127.0.0.1:${5090 + n}`, `udp://127.0.0.1:${5090 + n}`],
        http: this.http,
        rtp: { ports: this.rtpPorts.join("-") },
        "sip-journal": join(system.folder, `${this.#name}.journal`),
        storage: { directory: this.folder, database: `sqlite:${join(system.folder, `${this.#name}.sqlite`)}` },
        ...change,
      },
    });
    this.#configFile = join(system.folder, `${this.#name}.yaml`);
    writeFileSync(this.#configFile, JSON.stringify({ recorder }));
    this.#process = this.#spawn();
  }

  static uriOf(n: number): string {
    return `sip:127.0.0.1:${5090 + n};transport=tcp`;
  }

  /** Its storage. */
  get folder(): string {
    return join(this.#system.folder, this.#name);
  }

  async ready(): Promise<void> {
    const ready = await until(
      () =>
        fetch(`${this.http}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      15_000,
    );
    assert.ok(ready, `${this.#name} is not ready\n${this.#process.stdout}${this.#process.stderr}`);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#process.killGroup();
    await this.#process.exit();
  }

  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.ready();
  }

  /** For `after`. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #spawn(): SystemProcess {
    this.#runs += 1;
    return new SystemProcess(this.#name, ["start", "recorder", "--config", this.#configFile], {
      cwd: this.#system.folder,
      env: {},
      logFile: join(this.#system.folder, `${this.#name}.${this.#runs}.log`),
    });
  }
}

/** Recordings at a recorder itself. */
export async function recordingsAt(http: string, query: string): Promise<RecordingRow[]> {
  const response = await fetch(`${http}/api/v1/recordings${query}`);
  return ((await response.json()) as { recordings: RecordingRow[] }).recordings;
}

/** The only finished recording of a DN at a recorder. */
export async function finishedAt(http: string, dn: string): Promise<RecordingRow> {
  let rows: RecordingRow[] = [];
  const done = await until(async () => {
    rows = await recordingsAt(http, `?dn=${dn}`);
    return rows.length > 0 && rows.every(({ state }) => state !== "recording");
  }, 8000);
  assert.ok(done && rows.length === 1, `one finished recording of ${dn} at ${http} wanted: ${JSON.stringify(rows)}`);
  const [row] = rows;
  assert.ok(row !== undefined);
  return row;
}

/** The file of a recording, from its recorder. */
export async function fileAt(http: string, id: string): Promise<WavFile> {
  const response = await fetch(`${http}/api/v1/recordings/${encodeURIComponent(id)}/audio`);
  assert.equal(response.status, 200, `audio of ${id}`);
  return readWav(Buffer.from(await response.arrayBuffer()));
}

/** The channels of a recording as its segment files on disk have them, without any code of the recorder. µ-law only. */
export function segmentsOf(storage: string, id: string): Int16Array[] {
  const files = readdirSync(storage, { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes(id) && file.endsWith(".g711"))
    .toSorted();
  assert.ok(files.length > 0, `no segment files of ${id}`);
  const bytes = Buffer.concat(files.map((file) => readFileSync(join(storage, file))));
  return [0, 1].map((channel) =>
    Int16Array.from({ length: Math.floor(bytes.length / 2) }, (_, n) => decodeUlaw(bytes[2 * n + channel] ?? 0)),
  );
}

/** The loudest that a tone is in any half second of a sound, dBFS. Windowed, so that other tones' edges are not taken for it. */
export function loudest(samples: Int16Array, hz: number): number {
  const size = 4000;
  let power = 1e-20;
  for (let at = 0; at + size <= samples.length; at += size / 4) {
    // Hann; twice its value, so that a steady tone keeps its power.
    const window = Float64Array.from(
      { length: size },
      (_, n) => (samples[at + n] ?? 0) * (1 - Math.cos((2 * Math.PI * n) / size)),
    );
    power = Math.max(power, goertzel(window, hz));
  }
  return 10 * Math.log10(power);
}

/** A channel has this tone and no other, from its first 200 ms to its last. A short hole is another matter. */
export function hasTone(samples: Int16Array, hz: number): void {
  for (let at = 1600; at + 3200 <= samples.length; at += 1600) {
    const share = Math.sqrt(goertzel(samples, hz, at, at + 1600) / 2) / level(samples, at, at + 1600);
    assert.ok(share > 0.7, `at ${at / 8} of ${samples.length / 8} ms the channel has no ${hz} Hz: ${share}`);
  }
}
