import type { TestContext } from "node:test";
import type { ApplicationConfig, DnConfig } from "@sidetone/config";
import { type Logger, ManualClock, silentLogger, systemRandom } from "@sidetone/foundation";
import { startHttp } from "@sidetone/http";
import type { SessionLimits } from "@sidetone/tlib";
import { WebSocket } from "ws";
import type { AuditEntry, CallJournalEntry } from "../storage/index.ts";
import { FakeSwitch } from "./calls.fixture.ts";
import { TlibServer } from "./tlib-server.ts";
import { tlibPath, tlibProtocol, webSocketDoor } from "./web-socket-door.ts";

/** A message of the server as a test reads it. */
export interface Heard {
  readonly message: string;
  readonly seq?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const everything = ["monitor", "control", "userdata", "record", "route", "suppress"] as const;

const applications: readonly ApplicationConfig[] = [
  { name: "desk", password: "demo", grants: [{ dns: "70*", rights: everything }], destinations: ["172.24.*"] },
  { name: "wall", password: "demo", grants: [{ dns: "*", rights: ["monitor"] }], destinations: [] },
  { name: "other", password: "demo", grants: [{ dns: "8*", rights: everything }], destinations: [] },
  {
    name: "shy",
    password: "demo",
    grants: [{ dns: "*", rights: ["monitor", "userdata"] }],
    destinations: [],
    userDataKeys: ["Customer*"],
  },
];

function testDn(dn: string, type: DnConfig["type"] = "extension"): DnConfig {
  return {
    dn,
    type,
    password: "x",
    digestAlgorithms: ["MD5"],
    record: false,
    recordingFailure: "continue",
    media: "direct",
    contact: undefined,
    prefix: undefined,
    defaultDestination: undefined,
    routeTimeoutMs: 10_000,
  };
}

const dns = [testDn("7001"), testDn("7002"), testDn("7003"), testDn("8000", "routing-point"), testDn("pstn", "trunk")];

/** A T-Library server on a real socket with calls that the test moves; time is turned by hand. */
export interface TlibRig {
  readonly clock: ManualClock;
  readonly calls: FakeSwitch;
  readonly server: TlibServer;
  readonly audit: AuditEntry[];
  readonly journal: CallJournalEntry[];
  readonly url: string;
  /** A connection; `open` makes it a session. */
  connect(): Promise<TestClient>;
  /** A session of an application, greeted. */
  open(application?: string, password?: string): Promise<TestClient>;
}

export async function startTlib(
  t: TestContext,
  o: {
    readonly limits?: Partial<SessionLimits>;
    readonly plainWs?: boolean;
    readonly host?: string;
    readonly tokenSecret?: string;
    readonly log?: Logger;
  } = {},
): Promise<TlibRig> {
  const clock = new ManualClock();
  const calls = new FakeSwitch();
  const audit: AuditEntry[] = [];
  const journal: CallJournalEntry[] = [];
  const keep =
    <T>(list: T[]) =>
    (one: T): Promise<void> => {
      list.push(one);
      return Promise.resolve();
    };
  const server = new TlibServer({
    clock,
    random: systemRandom,
    log: o.log ?? silentLogger,
    calls,
    serverVersion: "0.1.0",
    journal: { append: keep(journal) },
    audit: { append: keep(audit) },
    ...(o.limits === undefined ? {} : { limits: o.limits }),
    tokenSecret: o.tokenSecret,
    applications: () => new Map(applications.map((one) => [one.name, one])),
    agentLogins: () =>
      new Map([
        ["1001", { agentId: "1001", password: "secret", record: true }],
        ["1002", { agentId: "1002", password: undefined, record: false }],
      ]),
    dns: () => new Map(dns.map((one) => [one.dn, one])),
  });
  calls.onCall = (call, effects) => server.onCall(call, effects);
  server.setLink(true);
  const door = webSocketDoor({ server, log: silentLogger, host: o.host ?? "127.0.0.1", plainWs: o.plainWs ?? false });
  const http = await startHttp({
    role: "sip-server",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    upgrades: new Map([[tlibPath, door]]),
  });
  const clients: TestClient[] = [];
  t.after(async () => {
    server.close();
    await http.close();
    for (const client of clients) client.socket.terminate();
  });
  const url = http.url.replace("http", "ws") + tlibPath;
  const connect = async (): Promise<TestClient> => {
    const client = new TestClient(url);
    clients.push(client);
    await client.connected;
    return client;
  };
  return {
    clock,
    calls,
    server,
    audit,
    journal,
    url,
    connect,
    open: async (application = "desk", password = "demo") => {
      const client = await connect();
      client.open(application, password);
      await client.next("SessionOpened");
      await client.next("EventServerConnected");
      await client.next("EventLinkConnected");
      return client;
    },
  };
}

/** A client that says what it is told to say, and keeps what it hears. */
export class TestClient {
  readonly socket: WebSocket;
  readonly connected: Promise<void>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Everything heard, in order. */
  readonly heard: Heard[] = [];
  #read = 0;
  #wake: () => void = () => undefined;
  #reference = 0;

  constructor(url: string) {
    this.socket = new WebSocket(url, tlibProtocol, { perMessageDeflate: false });
    this.connected = new Promise((resolve, reject) => {
      this.socket.once("open", () => resolve());
      this.socket.once("error", reject);
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", (code) => resolve(code));
    });
    this.socket.on("message", (data) => {
      this.heard.push(JSON.parse((data as Buffer).toString("utf8")) as Heard);
      this.#wake();
    });
    this.socket.on("close", () => this.#wake());
    this.socket.on("error", () => undefined);
  }

  open(application: string, password: string): void {
    this.say("SessionOpen", {
      ProtocolVersion: "1.0",
      ApplicationName: application,
      ApplicationPassword: password,
    });
  }

  say(message: string, attributes: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify({ message, attributes }));
  }

  /** Sends a request and gives its direct response. */
  async ask(message: string, attributes: Readonly<Record<string, unknown>> = {}): Promise<Heard> {
    const reference = this.send(message, attributes);
    return this.nextWhere(({ attributes: { ReferenceID } }) => ReferenceID === reference);
  }

  /** Sends a request; gives its ReferenceID. */
  send(message: string, attributes: Readonly<Record<string, unknown>> = {}): number {
    this.#reference += 1;
    this.say(message, { ReferenceID: this.#reference, ...attributes });
    return this.#reference;
  }

  /** The next message, which must be of this name. */
  async next(message: string): Promise<Heard> {
    const heard = await this.nextWhere(() => true);
    if (heard.message !== message) throw new Error(`${message} was expected, not ${JSON.stringify(heard)}`);
    return heard;
  }

  /** The next message that fits; those before are passed over. */
  async nextWhere(fits: (heard: Heard) => boolean): Promise<Heard> {
    for (;;) {
      while (this.#read < this.heard.length) {
        const heard = this.heard[this.#read];
        this.#read += 1;
        if (heard !== undefined && fits(heard)) return heard;
      }
      if (this.socket.readyState >= this.socket.CLOSING) throw new Error("the connection is closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Names of what has come since the last read, once everything sent before has been answered. */
  async rest(): Promise<readonly string[]> {
    const from = this.#read;
    const { message } = await this.ask("RequestQueryServer");
    if (message !== "EventServerInfo") throw new Error(message);
    return this.heard.slice(from, this.#read - 1).map((one) => one.message);
  }
}

/** ErrorName of a response. */
export function errorOf(heard: Heard): unknown {
  return heard.message === "EventError" ? heard.attributes["ErrorName"] : heard.message;
}
