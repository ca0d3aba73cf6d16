// Recording sessions that one recorder takes: CPU per session, system calls per packet, every file verified afterwards.
//
//   sidetone-node bench/recorder-sessions.ts [--sessions 50,100,200] [--seconds 6] [--strace]
//
// Each session is a SIPREC INVITE with two streams of 50 packets a second, whose octets say where they belong; once plain, once with SRTP
// (AES_CM_128_HMAC_SHA1_80). The CPU time is that of the recorder's process, all threads, while everything flows; the load comes from this
// process. Afterwards every file is fetched and each frame looked for at its place: on a busy machine, where packets
// are sent late, the recorder may shift a channel a little (R15). Where tcpdump is there, it writes the same packets at
// the same time: the floor, as it does nothing else. `--strace` counts system calls in runs of their own: it makes the recorder slower.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { delay, silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import {
  createPacketIO,
  type PacketIO,
  SRTP_OVERHEAD,
  SrtpSender,
  type SrtpParameters,
  writeReport,
  writeRtpHeader,
} from "@sidetone/rtp";
import { cryptoAttribute, formatMultipart, formatSdp, multiAudioOffer, PCMU } from "@sidetone/sip";
import { metadataPartHeaders, writeMetadata } from "@sidetone/siprec";
import { answer, HOST } from "./media-load.ts";
import { startRecorder } from "../services/recorder/src/index.ts";
import { callMetadata, Src, untilState } from "../services/recorder/src/testing-src.ts";

const FRAME = 160;
const PACKET_MS = 20;
const SILENCE = 0xff;
const PATTERNS = 251;
const RTP_PORTS = [30_000, 39_999] as const;
const SUITE = "AES_CM_128_HMAC_SHA1_80";

interface Started {
  readonly sip: string;
  readonly url: string;
}
interface Used {
  readonly cpuMicros: number;
  readonly seconds: number;
}

/** The process under test. */
async function underTest(folder: string): Promise<void> {
  const role = await startRecorder(
    {
      listen: [{ transport: "tcp", host: HOST, port: 0 }],
      http: { host: HOST, port: 0 },
      apiToken: undefined,
      sipJournal: undefined,
      peers: [],
      rtp: { address: HOST, advertise: HOST, portMin: RTP_PORTS[0], portMax: RTP_PORTS[1], packetIo: "auto" },
      storage: { directory: join(folder, "recordings"), database: `sqlite:${join(folder, "index.sqlite")}` },
      rtpTimeoutMs: 90_000,
      dtmfDigits: "masked",
    },
    { clock: systemClock, random: systemRandom, log: silentLogger },
  );
  let cpu = process.cpuUsage();
  let began = systemClock.now();
  process.on("message", (message) => {
    if (message === "begin") {
      cpu = process.cpuUsage();
      began = systemClock.now();
    } else if (message === "end") {
      const { user, system } = process.cpuUsage(cpu);
      process.send?.({ cpuMicros: user + system, seconds: (systemClock.now() - began) / 1000 } satisfies Used);
    } else void role.close().then(() => process.disconnect());
  });
  const sip = role.listening.find((l) => l.startsWith("tcp:")) ?? "";
  process.send?.({ sip: sip.slice("tcp://".length), url: role.http ?? "" } satisfies Started);
}

/** Pattern `k`: 160 octets that no other pattern has at any offset near it; none is silence. */
const patterns = Array.from({ length: PATTERNS }, (_, k) =>
  Uint8Array.from({ length: FRAME }, (_unused, i) => (i < 2 ? 100 + i : (k * 31 + i * 7 + ((k * i) >> 3)) % 97)),
);
const patternOf = (stream: number, n: number): Uint8Array =>
  patterns[(n + stream * 17) % PATTERNS] ?? new Uint8Array(FRAME);

interface Stream {
  readonly number: number;
  readonly rtp: number;
  readonly rtcp: number;
  readonly srtp: SrtpSender | undefined;
}

/** Paced sending of all streams; `frames` is how many each has sent at least. */
class Load {
  readonly #io: PacketIO;
  readonly #socket: number;
  readonly #streams: readonly Stream[];
  readonly #packet = new Uint8Array(12 + FRAME + SRTP_OVERHEAD);
  readonly #began = systemClock.now();
  readonly #beganMicros = systemClock.wallMicros();
  #sent = 0;
  #stopAt = Number.POSITIVE_INFINITY;

  constructor(io: PacketIO, socket: number, streams: readonly Stream[]) {
    this.#io = io;
    this.#socket = socket;
    this.#streams = streams;
    for (const stream of streams) this.#report(stream, this.#beganMicros, 0);
  }

  get packets(): number {
    return this.#sent;
  }

  get frames(): number {
    return Math.floor(this.#sent / this.#streams.length);
  }

  /** Sends until every stream has sent the same number of frames; resolves with it. */
  async run(): Promise<number> {
    while (this.#sent < this.#stopAt) {
      const due = Math.floor(((systemClock.now() - this.#began) / PACKET_MS) * this.#streams.length);
      for (; this.#sent < Math.min(due, this.#stopAt); this.#sent++) this.#send(this.#sent);
      this.#io.flush();
      await delay(systemClock, 1);
    }
    return this.frames;
  }

  stop(): void {
    this.#stopAt = Math.ceil(this.#sent / this.#streams.length) * this.#streams.length;
  }

  #send(index: number): void {
    const stream = this.#streams[index % this.#streams.length];
    if (stream === undefined) return;
    const n = Math.floor(index / this.#streams.length);
    const p = this.#packet;
    writeRtpHeader(p, 0, 0, n === 0, n & 0xffff, n * FRAME, stream.number + 1);
    p.set(patternOf(stream.number, n), 12);
    const length = stream.srtp === undefined ? 12 + FRAME : stream.srtp.protectRtp(p, 0, 12 + FRAME);
    this.#io.queue(this.#socket, stream.rtp, p, 0, length);
    if (n % 250 === 249) this.#report(stream, this.#beganMicros + n * PACKET_MS * 1000, n * FRAME);
  }

  #report(stream: Stream, wallMicros: number, timestamp: number): void {
    const report = new Uint8Array(200);
    const sender = { wallMicros, timestamp, packets: 0, octets: 0 };
    const size = writeReport(report, 0, stream.number + 1, sender, undefined);
    const length = stream.srtp === undefined ? size : stream.srtp.protectRtcp(report, 0, size);
    this.#io.queue(this.#socket, stream.rtcp, report, 0, length);
  }
}

/** How far a frame may be from its place where the recorder put a channel right (R15: 20 ms), samples. */
const SHIFT = 160;

/** Frames of a channel that were found in their order, and whether all stood where they belong to the sample. */
function framesIn(
  audio: Uint8Array,
  channel: number,
  stream: number,
  frames: number,
): { found: number; exact: boolean } {
  const octets = Uint8Array.from({ length: Math.floor(audio.length / 2) }, (_, i) => audio[2 * i + channel] ?? 0);
  const isAt = (n: number, at: number): boolean => patternOf(stream, n).every((octet, i) => octets[at + i] === octet);
  let at = octets.findIndex((octet) => octet !== SILENCE);
  let found = 0;
  let exact = at >= 0;
  for (let n = 0; n < frames && at >= 0; n++, at += FRAME) {
    let shift = 0;
    while (shift <= SHIFT && !isAt(n, at + shift) && !isAt(n, at - shift)) shift++;
    if (shift > 0) exact = false;
    if (shift > SHIFT) continue;
    at = isAt(n, at + shift) ? at + shift : at - shift;
    found++;
  }
  return { found, exact };
}

function audioOf(wav: Buffer): Uint8Array {
  const at = wav.indexOf("data", 12, "latin1") + 8;
  return wav.subarray(at);
}

/** CPU that a process has used, µs; undefined where it is gone. */
function cpuOf(pid: number | undefined): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return undefined;
  }
}

function tcpdump(file: string): ChildProcess | undefined {
  const range = RTP_PORTS.join("-");
  const child = spawn(
    "tcpdump",
    ["-i", "lo", "-n", "-B", "16384", "-w", file, "udp", "and", "dst", "portrange", range],
    {
      stdio: "ignore",
    },
  );
  child.on("error", () => undefined);
  return child.pid === undefined ? undefined : child;
}

/** Calls and packets of a window of `ms`, counted by strace. */
async function systemCalls(pid: number, load: Load, ms: number, file: string): Promise<string> {
  const strace = spawn("strace", ["-c", "-f", "-o", file, "-p", String(pid)], { stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise((resolve) => strace.once("exit", resolve));
  strace.on("error", () => undefined);
  await new Promise((resolve) => strace.stderr.once("data", resolve));
  const before = load.packets;
  await delay(systemClock, ms);
  const packets = load.packets - before;
  strace.kill("SIGINT");
  await gone;
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([percent]) => Number.isFinite(Number.parseFloat(percent ?? "")));
  const calls = rows
    .map((row): [string, number] => [row.at(-1) ?? "", Number(row[3])])
    .filter(([name]) => name !== "total");
  const total = calls.reduce((sum, [, count]) => sum + count, 0);
  const most = calls.toSorted(([, a], [, b]) => b - a).slice(0, 4);
  const share = (count: number): string => (count / packets).toFixed(3);
  return `${share(total)} calls a packet (${most.map(([name, count]) => `${name} ${share(count)}`).join(", ")})`;
}

async function measure(sessions: number, secure: boolean, seconds: number, strace: boolean): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-bench-"));
  const child = fork(fileURLToPath(import.meta.url), ["--under-test", folder]);
  const { sip, url } = await answer<Started>(child);
  const io = createPacketIO({ kind: "auto", log: silentLogger });
  const socket = io.open({ address: HOST, port: 0, mode: "poll" });
  const src = await new Src().start();
  try {
    const streams: Stream[] = [];
    const ids = Array.from({ length: sessions }, (_, i) => `bench-${i}`);
    for (let i = 0; i < sessions; i += 20) {
      await Promise.all(ids.slice(i, i + 20).map((id, k) => invite(src, sip, io, socket, id, i + k, secure, streams)));
    }
    const load = new Load(
      io,
      socket,
      streams.toSorted((a, b) => a.number - b.number),
    );
    const running = load.run();
    await delay(systemClock, 1500);
    let found: string;
    if (strace) {
      found = await systemCalls(child.pid ?? 0, load, seconds * 1000, join(folder, "strace"));
    } else {
      const floor = tcpdump(join(folder, "floor.pcap"));
      await delay(systemClock, 300);
      const floorBefore = cpuOf(floor?.pid);
      child.send("begin");
      const before = load.packets;
      await delay(systemClock, seconds * 1000);
      const packets = load.packets - before;
      const used = answer<Used>(child);
      child.send("end");
      const { cpuMicros, seconds: lasted } = await used;
      const floorAfter = cpuOf(floor?.pid);
      floor?.kill("SIGINT");
      const ofCore = cpuMicros / 1e6 / lasted;
      const floorText =
        floorBefore === undefined || floorAfter === undefined ? "-" : ((floorAfter - floorBefore) / packets).toFixed(2);
      found = [
        `${(ofCore * 100).toFixed(1)} %`,
        `${((ofCore / sessions) * 1e6).toFixed(0)} µs`,
        `${(cpuMicros / packets).toFixed(2)} µs`,
        `${Math.round(sessions / ofCore)}`,
        floorText,
      ].join(" | ");
    }
    load.stop();
    const frames = await running;
    await delay(systemClock, 500);
    for (const session of src.open) await session.bye();
    let exact = 0;
    let foundFrames = 0;
    for (const [i, id] of ids.entries()) {
      await untilState(url, id, "complete");
      const wav = Buffer.from(await (await fetch(`${url}/api/v1/recordings/${id}/audio`)).arrayBuffer());
      const audio = audioOf(wav);
      const both = [0, 1].map((channel) => framesIn(audio, channel, 2 * i + channel, frames));
      if (both.every((one) => one.exact)) exact++;
      for (const one of both) foundFrames += one.found;
    }
    const share = ((foundFrames / (2 * sessions * frames)) * 100).toFixed(2);
    return `| ${sessions} | ${secure ? "SRTP" : "RTP"} | ${found} | ${share} % | ${exact} of ${sessions} |`;
  } finally {
    await src.sip.close();
    io.shutdown();
    child.send("stop");
    await new Promise((resolve) => child.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function invite(
  src: Src,
  sip: string,
  io: PacketIO,
  socket: number,
  id: string,
  index: number,
  secure: boolean,
  streams: Stream[],
): Promise<void> {
  const keys = [0, 1].map((): SrtpParameters => {
    return { suite: SUITE, keys: [{ keySalt: Uint8Array.from(systemRandom(30)), mki: new Uint8Array(0) }] };
  });
  const offer = multiAudioOffer(
    { address: HOST, sessionId: index, version: 1 },
    keys.map((parameters, i) => ({
      port: io.localPort(socket),
      codecs: [PCMU],
      direction: "sendonly",
      label: String(i + 1),
      protocol: secure ? "RTP/SAVP" : "RTP/AVP",
      attributes: secure ? [cryptoAttribute({ tag: 1, ...parameters, sessionParameters: [] })] : [],
    })),
  );
  const body = formatMultipart(
    [
      { contentType: "application/sdp", body: formatSdp(offer) },
      {
        contentType: "application/rs-metadata+xml",
        body: writeMetadata(callMetadata({ id, startMicros: systemClock.wallMicros() })),
        headers: metadataPartHeaders.filter(([name]) => name !== "Content-Type"),
      },
    ],
    "a-boundary",
  );
  const { response, ports } = await src.invite(sip, `record=${id}@`, body);
  if (response.status !== 200) throw new Error(`${id}: ${response.status} ${response.reason}`);
  for (const [i, port] of ports.entries()) {
    const parameters = keys[i];
    const srtp = secure && parameters !== undefined ? new SrtpSender(parameters) : undefined;
    streams.push({ number: 2 * index + i, rtp: io.dest(HOST, port), rtcp: io.dest(HOST, port + 1), srtp });
  }
}

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "50,100,200" },
    seconds: { type: "string", default: "6" },
    strace: { type: "boolean", default: false },
    "under-test": { type: "string" },
  },
});
if (values["under-test"] !== undefined) {
  await underTest(values["under-test"]);
} else {
  console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}\n`);
  const columns = values.strace
    ? ["system calls"]
    : [
        "CPU of one core",
        "CPU a session and second",
        "CPU a packet",
        "sessions a core (by CPU)",
        "tcpdump a packet, µs",
      ];
  console.log(`| sessions | media | ${columns.join(" | ")} | frames found | files right to the sample |`);
  console.log(`|${"---|".repeat(columns.length + 4)}`);
  for (const sessions of values.sessions.split(",").map(Number)) {
    for (const secure of [false, true])
      console.log(await measure(sessions, secure, Number(values.seconds), values.strace));
  }
}
