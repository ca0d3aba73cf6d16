import assert from "node:assert/strict";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import type { RecorderCommand, RecorderStream } from "@sidetone/msml";
import {
  type IncomingRequest,
  type InviteSession,
  MemoryNetwork,
  NextHops,
  parseMultipart,
  type RespondOptions,
  type ServerTransaction,
  SipEndpoint,
  type SipRequest,
} from "@sidetone/sip";
import { pickRecordingParts, readMetadata, type RecordingMetadata } from "@sidetone/siprec";
import {
  Isolation,
  Recorder,
  RecorderWatch,
  type SessionProfiles,
  type TappedLeg,
} from "../src/recording-session/index.ts";
import { FakeEngine } from "./fake-engine.ts";
import { answerSdp } from "./fake-sip.ts";
import { address } from "./wire.ts";

/** A message of the Media Server as the recorder read it. */
export interface Heard {
  readonly method: string;
  readonly request: SipRequest;
  readonly sdp: string;
  /** As it came; empty where there was none. */
  readonly raw: string;
  readonly metadata: RecordingMetadata | undefined;
}

/** Answers one request of the Media Server; undefined: 200 with a proper answer. */
export type Answering = (respond: (status: number, o?: RespondOptions) => void, heard: Heard, n: number) => void;

/** A recorder (or the Resource Manager before it) that answers as its script says; over a memory network. */
export class ScriptedRecorder {
  readonly sip: SipEndpoint;
  readonly heard: Heard[] = [];
  readonly sessions: InviteSession[] = [];
  /** For INVITEs, by their number. */
  onInvite: Answering = (respond, heard) => respond(200, { body: answerSdp(heard.sdp) ?? "" });
  /** For re-INVITEs, by their number. */
  onReinvite: Answering = (respond, heard) => respond(200, { body: answerSdp(heard.sdp) ?? "" });
  /** OPTIONS is answered. */
  alive = true;
  #invites = 0;
  #reinvites = 0;

  constructor(sip: SipEndpoint) {
    this.sip = sip;
    sip.onRequest = (tx) => this.#request(tx);
  }

  get last(): Heard {
    const heard = this.heard.at(-1);
    assert.ok(heard !== undefined, "the recorder has heard nothing");
    return heard;
  }

  /** The newest dialog. */
  get session(): InviteSession {
    const session = this.sessions.at(-1);
    assert.ok(session !== undefined, "the recorder has no session");
    return session;
  }

  /** `INVITE sendonly sendonly`, `BYE` ... in order. */
  get story(): string[] {
    return this.heard.map(({ method, sdp }) => [method, ...directionsIn(sdp)].join(" "));
  }

  #request(tx: ServerTransaction): void {
    const { method } = tx.request;
    if (method === "OPTIONS") return this.alive ? tx.respond(200) : undefined;
    if (method !== "INVITE") return tx.respond(481);
    const heard = this.#hear(tx.request);
    this.onInvite(
      (status, o = {}) => {
        if (status >= 300) return tx.respond(status, o);
        if (status < 200) return tx.respond(status, o);
        const session = this.sip.accept(tx, { contactParams: [["+sip.srs", true]] });
        this.#listen(session);
        session.accept(o);
      },
      heard,
      ++this.#invites,
    );
  }

  #listen(session: InviteSession): void {
    this.sessions.push(session);
    session.on("reinvite", (incoming: IncomingRequest) => {
      const heard = this.#hear(incoming.request, "re-INVITE");
      this.onReinvite((status, o) => incoming.respond(status, o), heard, ++this.#reinvites);
    });
    session.on("ended", ({ by, request }) => {
      if (by === "remote" && request !== undefined) this.#hear(request);
    });
  }

  #hear(request: SipRequest, method = request.method): Heard {
    const contentType = request.headers.get("Content-Type") ?? "application/sdp";
    const multipart = parseMultipart(contentType, request.body);
    const parts = pickRecordingParts(multipart.ok ? multipart.value : [{ contentType, body: request.body }]);
    const raw = parts.metadata?.toString() ?? "";
    const read = parts.metadata === undefined ? undefined : readMetadata(parts.metadata);
    const metadata = read?.ok === true ? read.value.metadata : undefined;
    const heard = { method, request, sdp: parts.sdp?.toString() ?? "", raw, metadata };
    this.heard.push(heard);
    return heard;
  }
}

/** The direction of each m-line; `no` for a refused one. */
export function directionsIn(sdp: string): string[] {
  return sdp
    .split("m=audio ")
    .slice(1)
    .map((line) => (line.startsWith("0 ") ? "no" : (/a=(sendrecv|sendonly|recvonly|inactive)/.exec(line)?.[1] ?? "?")));
}

const customer: RecorderStream = { label: "1", side: "customer", conn: "conn:a", aor: "sip:+1555@example" };
const agent: RecorderStream = { label: "2", side: "agent", conn: "conn:b", aor: "sip:7001@example", dn: "7001" };
/** A call of a customer and an agent. */
export const callOfTwo: readonly RecorderStream[] = [customer, agent];

/** Further agents, each on a leg of its own. */
export function agentOf(conn: string, dn: string): RecorderStream {
  return { ...agent, conn: `conn:${conn}`, dn, aor: `sip:${dn}@example` };
}

/** A recording of a call of two, with a scripted recorder; a manual clock moves everything. */
export class RecorderScene {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly engine = new FakeEngine();
  readonly events: string[] = [];
  lost = 0;
  /** What phones do with media, where it is not both. */
  readonly flows = new Map<string, { readonly sends: boolean; readonly receives: boolean }>();
  readonly srs: ScriptedRecorder;
  readonly #media: SipEndpoint;
  readonly #legs = new Map<string, TappedLeg>();
  readonly #profiles: SessionProfiles;
  #recorder: Recorder | undefined;
  #uri = "";

  constructor(profiles: SessionProfiles = new Map()) {
    this.#profiles = profiles;
    this.#media = this.#endpoint("Media Server", 1);
    this.srs = new ScriptedRecorder(this.#endpoint("Recorder", 2));
  }

  get recorder(): Recorder {
    assert.ok(this.#recorder !== undefined);
    return this.#recorder;
  }

  /** Calls, answers, and the recorder command. */
  async start(params: Readonly<Record<string, string>> = {}, more: Partial<RecorderCommand> = {}): Promise<this> {
    const { clock, engine } = this;
    await this.#media.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
    const { port } = await this.srs.sip.listen({ transport: "udp", host: "127.0.0.1", port: 5090 });
    this.#uri = `sip:127.0.0.1:${port};transport=udp`;
    for (const conn of ["conn:a", "conn:b", "conn:c", "conn:d"]) {
      const { leg } = await engine.openLeg();
      this.#legs.set(conn, { leg, codec: "PCMU" });
    }
    const ask = (uri: string, ms: number) => this.#media.options(uri, ms);
    const started = Recorder.start(
      {
        clock,
        log: silentLogger,
        random: (size) => Buffer.alloc(size, 0),
        engine,
        from: address("sip:media-server@127.0.0.1"),
        resourceManagers: new NextHops({ uris: [this.#uri], clock, ask }),
        profiles: this.#profiles,
        recordingId: "r1",
        epoch: 1,
        invite: (o) => this.#media.invite(o),
        ask: async (uri, ms) => (await ask(uri, ms)) !== undefined,
        watch: new RecorderWatch(clock, new Isolation(clock)),
        legOf: (conn) => {
          const leg = this.#legs.get(conn);
          return leg === undefined
            ? undefined
            : { ...leg, flow: this.flows.get(conn) ?? { sends: true, receives: true } };
        },
        event: (name, values) => {
          const shown = values.filter(([key]) => ["reason", "copy", "dn", "side"].includes(key));
          this.events.push(
            [name.replace("recorder.", ""), ...shown.map(([key, value]) => `${key}=${value}`)].join(" "),
          );
        },
        lost: () => {
          this.lost += 1;
        },
      },
      {
        ...command("start", {
          params: { id: "r1", calluuid: "UUID1", recordDN: "7001", ...params },
          streams: callOfTwo,
        }),
        ...more,
      },
    );
    this.#recorder = await started;
    await this.after(50);
    return this;
  }

  /** Moves time; promises run in between. */
  async after(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  /** A further recorder command, and what follows at once. */
  async command(state: RecorderCommand["state"], o: CommandOptions = {}): Promise<void> {
    await this.recorder.command(command(state, o));
    await this.after(20);
  }

  /** The phone of a party is told otherwise what to send and hear. */
  async flow(conn: string, sends: boolean, receives: boolean): Promise<void> {
    this.flows.set(conn, { sends, receives });
    await this.recorder.partyFlows(conn);
    await this.after(20);
  }

  /** Names of the recorder events. */
  get names(): string[] {
    return this.events.map((event) => event.split(" ", 1)[0] ?? "");
  }

  #endpoint(userAgent: string, seed: number): SipEndpoint {
    let state = seed;
    const octet = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    };
    return new SipEndpoint({
      clock: this.clock,
      log: silentLogger,
      random: (size) => Uint8Array.from({ length: size }, octet),
      userAgent,
      network: this.network,
      supported: ["siprec", "timer", "100rel"],
      largeRequests: "as-is",
    });
  }
}

/** What a recorder command brings along. */
export interface CommandOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly userParams?: Readonly<Record<string, string>>;
  readonly streams?: readonly RecorderStream[];
}

function command(state: RecorderCommand["state"], o: CommandOptions): RecorderCommand {
  return {
    state,
    params: new Map(Object.entries(o.params ?? {})),
    userParams: new Map(Object.entries(o.userParams ?? {})),
    streams: o.streams ?? [],
  };
}
