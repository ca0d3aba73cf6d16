import { type Socket, createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecorderConfig } from "@sidetone/config";
import { type RunningRole, delay, silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import {
  type InviteSession,
  type SipResponse,
  SipEndpoint,
  formatMultipart,
  formatSdp,
  multiAudioOffer,
  nameAddr,
  parseSdp,
  parseUri,
  PCMA,
  PCMU,
  TELEPHONE_EVENT,
} from "@sidetone/sip";
import { type RecordingMetadata, derivedId, metadataPartHeaders, writeMetadata } from "@sidetone/siprec";
import { startRecorder } from "./index.ts";

/** A recorder on free ports with its own folder. */
export async function runRecorder(
  o: Partial<RecorderConfig> & { folder?: string } = {},
): Promise<{ role: RunningRole; folder: string; sip: string; url: string }> {
  const folder = o.folder ?? mkdtempSync(join(tmpdir(), "sidetone-recorder-"));
  const portMin = 20_000 + (process.pid % 200) * 50;
  const role = await startRecorder(
    {
      listen: [
        { transport: "udp", host: "127.0.0.1", port: 0 },
        { transport: "tcp", host: "127.0.0.1", port: 0 },
      ],
      http: { host: "127.0.0.1", port: 0 },
      apiToken: undefined,
      sipJournal: undefined,
      peers: [],
      rtp: { address: "127.0.0.1", advertise: "127.0.0.1", portMin, portMax: portMin + 200, packetIo: "auto" },
      storage: { directory: join(folder, "recordings"), database: `sqlite:${join(folder, "index.sqlite")}` },
      rtpTimeoutMs: 90_000,
      dtmfDigits: "masked",
      ...o,
    },
    { clock: systemClock, random: systemRandom, log: silentLogger },
  );
  const udp = role.listening.find((l) => l.startsWith("tcp:")) ?? "";
  return { role, folder, sip: udp.slice("tcp://".length), url: role.http ?? "" };
}

/** Complete metadata of a call between a customer and an agent. */
export function callMetadata(o: {
  id: string;
  startMicros: number;
  events?: { name: string; time: number }[];
  userParams?: [string, string][];
}): RecordingMetadata {
  const session = derivedId(o.id, "session");
  const [a, b, left, right] = ["customer", "agent", "left", "right"].map((part) => derivedId(o.id, part));
  const party = (id: string | undefined, aor: string, side: "customer" | "agent", dn?: string) => ({
    id: id ?? "",
    names: [{ aor }],
    party: dn === undefined ? { side } : { side, dn },
  });
  return {
    dataMode: "complete",
    groups: [],
    sessions: [{ id: session, sipSessionIds: [], reasons: [], startTime: o.startMicros }],
    participants: [party(a, "sip:+15550100@example", "customer"), party(b, "sip:7001@example", "agent", "7001")],
    streams: [
      { id: left ?? "", sessionId: session, label: "1" },
      { id: right ?? "", sessionId: session, label: "2" },
    ],
    sessionRecordings: [{ sessionId: session, associateTime: o.startMicros }],
    participantSessions: [],
    participantStreams: [
      { participantId: a ?? "", send: [left ?? ""], recv: [right ?? ""] },
      { participantId: b ?? "", send: [right ?? ""], recv: [left ?? ""] },
    ],
    call: {
      recordingId: o.id,
      state: "recording",
      callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
      connId: "0110031f8ab2c001",
      agentId: "1001",
      fileName: `file-${o.id}`,
      copy: 1,
      epoch: 1,
      params: new Map([
        ["ani", "+15550100"],
        ["dnis", "8000"],
      ]),
      userParams: new Map(o.userParams ?? []),
      events: o.events ?? [],
    },
  };
}

/** One stream as a Media Server sends it: own SSRC, sender reports, time stamps by the wall clock. */
export class RtpSource {
  readonly socket: Socket;
  readonly ssrc: number;
  readonly startMicros: number;
  readonly payloadType: number;
  sequence = 65_500;
  readonly #firstTs = 0xffff_ff00;

  private constructor(socket: Socket, ssrc: number, startMicros: number, payloadType: number) {
    this.socket = socket;
    this.ssrc = ssrc;
    this.startMicros = startMicros;
    this.payloadType = payloadType;
  }

  static async open(ssrc: number, startMicros: number, payloadType = 0, address = "127.0.0.1"): Promise<RtpSource> {
    const socket = createSocket("udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    return new RtpSource(socket, ssrc, startMicros, payloadType);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** The payload of the `n`-th frame of 20 ms: its bytes say where they belong. */
  static payload(n: number, salt: number): Buffer {
    return Buffer.from(Array.from({ length: 160 }, (_, i) => ((n * 160 + i) * 7 + salt) % 120));
  }

  packet(n: number, salt: number, sequence: number): Buffer {
    const h = Buffer.alloc(12);
    h[0] = 0x80;
    h[1] = this.payloadType;
    h.writeUInt16BE(sequence & 0xffff, 2);
    h.writeUInt32BE((this.#firstTs + n * 160) >>> 0, 4);
    h.writeUInt32BE(this.ssrc, 8);
    return Buffer.concat([h, RtpSource.payload(n, salt)]);
  }

  send(to: number, packet: Buffer): void {
    this.socket.send(packet, to, "127.0.0.1");
  }

  /** RFC 3550 6.4.1: the `n`-th frame was due `n` times 20 ms after `startMicros`; `n` is to be now. */
  report(to: number, n = 0): void {
    const micros = this.startMicros + n * 20_000;
    const r = Buffer.alloc(28);
    r.writeUInt32BE(0x80c8_0006, 0);
    r.writeUInt32BE(this.ssrc, 4);
    const seconds = Math.floor(micros / 1_000_000);
    r.writeUInt32BE(seconds + 2_208_988_800, 8);
    r.writeUInt32BE(Math.floor(((micros % 1_000_000) / 1_000_000) * 2 ** 32), 12);
    r.writeUInt32BE((this.#firstTs + n * 160) >>> 0, 16);
    this.socket.send(r, to + 1, "127.0.0.1");
  }
}

/** A SIPREC client over TCP. */
export class Src {
  readonly sip = new SipEndpoint({
    clock: systemClock,
    log: silentLogger,
    userAgent: "test-src",
    supported: ["siprec"],
  });

  /** Sessions that were offered. */
  readonly open: InviteSession[] = [];

  async start(): Promise<this> {
    await this.sip.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
    return this;
  }

  body(o: { ports: [number, number]; metadata?: RecordingMetadata; inactive?: boolean; version?: number }): {
    contentType: string;
    body: Buffer;
  } {
    const offer = multiAudioOffer(
      { address: "127.0.0.1", sessionId: 1, version: o.version ?? 1 },
      o.ports.map((port, i) => ({
        port,
        codecs: [PCMU, PCMA, TELEPHONE_EVENT],
        direction: o.inactive === true ? "inactive" : "sendonly",
        label: String(i + 1),
      })),
    );
    const sdp = formatSdp(offer);
    if (o.metadata === undefined) return { contentType: "application/sdp", body: Buffer.from(sdp) };
    const headers = metadataPartHeaders.filter(([name]) => name !== "Content-Type");
    return formatMultipart(
      [
        { contentType: "application/sdp", body: sdp },
        { contentType: "application/rs-metadata+xml", body: writeMetadata(o.metadata), headers },
      ],
      "a-boundary",
    );
  }

  /** Invites; resolves with the session and the recorder's ports, or with the refusal. */
  async invite(
    recorder: string,
    user: string,
    body: { contentType: string; body: Buffer },
  ): Promise<{ session: InviteSession; response: SipResponse; ports: number[]; sdp: string }> {
    const [host = "", port = ""] = recorder.split(":");
    const uri = `sip:${user}`.replace("@", `@${recorder}`);
    const from = parseUri("sip:src@127.0.0.1");
    if (!from.ok) throw new Error(from.error);
    const session = this.sip.invite({
      uri,
      to: { transport: "tcp", host, port: Number(port) },
      from: nameAddr(from.value),
      contactParams: [["+sip.src", true]],
      headers: [["Require", "siprec"]],
      ...body,
    });
    this.open.push(session);
    const response = await new Promise<SipResponse>((resolve) => {
      session.on("accepted", resolve);
      session.on("rejected", resolve);
    });
    const sdp = response.body.toString();
    const answer = parseSdp(response.body);
    return { session, response, ports: answer.ok ? answer.value.media.map((m) => m.port) : [], sdp };
  }
}

/** Polls until a recording is in a state, and its document as wanted; the newest document. */
export async function untilState(
  url: string,
  id: string,
  state: string,
  wanted: (document: Record<string, unknown>) => boolean = () => true,
): Promise<Record<string, unknown>> {
  for (let i = 0; i < 100; i++) {
    const response = await fetch(`${url}/api/v1/recordings/${encodeURIComponent(id)}`);
    const document = (await response.json()) as Record<string, unknown>;
    if (document["state"] === state && wanted(document)) return document;
    await delay(systemClock, 50);
  }
  throw new Error(`${id} did not become ${state}`);
}
