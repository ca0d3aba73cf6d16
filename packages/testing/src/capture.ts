import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { run } from "./programs.ts";
import { until } from "./role-http.ts";
import { talk } from "./system.ts";

/** A packet capture on loopback. */
export class Capture {
  readonly file: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(file: string, child: ChildProcess) {
    this.file = file;
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", () => resolve());
    });
  }

  /** Starts tcpdump and waits until it listens. */
  static async start(file: string, filter = "udp or tcp"): Promise<Capture> {
    const args = [
      "--immediate-mode",
      "-Z",
      "root",
      "-q",
      "-i",
      "lo",
      "-s",
      "0",
      "-B",
      "65536",
      "-U",
      "-w",
      file,
      ...filter.split(" "),
    ];
    const child = spawn("tcpdump", args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const capture = new Capture(file, child);
    const listens = await until(
      () => said.includes("listening on") && existsSync(file) && statSync(file).size >= 24,
      5000,
    );
    if (!listens) {
      child.kill("SIGKILL");
      throw new Error(`tcpdump does not start: ${said}`);
    }
    return capture;
  }

  /** Lets the last packets in and ends. */
  async stop(): Promise<void> {
    await talk(300);
    this.#child.kill("SIGINT");
    await this.#ended;
  }
}

/** One SIP message as tshark sees it. */
export interface SipFrame {
  readonly transport: "udp" | "tcp";
  readonly from: string;
  readonly to: string;
  /** Method or status. */
  readonly what: string;
  readonly callId: string;
  readonly cseq: string;
}

/** Lets tshark, an independent eye, list every SIP message of a capture; several in one TCP segment count each. */
export function sipFrames(file: string, ports: readonly number[]): SipFrame[] {
  const decode = ports.flatMap((port) => ["-d", `tcp.port==${port},sip`, "-d", `udp.port==${port},sip`]);
  const fields = [
    "ip.src",
    "ip.dst",
    "udp.srcport",
    "udp.dstport",
    "tcp.srcport",
    "tcp.dstport",
    "sip.Method",
    "sip.Status-Code",
    "sip.Call-ID",
    "sip.CSeq",
  ];
  const options = ["-n", "-r", file, "-o", "tcp.desegment_tcp_streams:TRUE", ...decode];
  const shape = ["-Y", "sip && !icmp", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x01"];
  const text = run("tshark", [...options, ...shape, ...fields.flatMap((field) => ["-e", field])]);
  const frames: SipFrame[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [
      src = "",
      dst = "",
      udpFrom = "",
      udpTo = "",
      tcpFrom = "",
      tcpTo = "",
      methods = "",
      statuses = "",
      ids = "",
      cseqs = "",
    ] = line.split("\t");
    const transport = udpFrom === "" ? "tcp" : "udp";
    const callIds = ids.split("\x01");
    const sequence = cseqs.split("\x01");
    const what = [...methods.split("\x01"), ...statuses.split("\x01")].filter((item) => item !== "");
    for (const [index, callId] of callIds.entries()) {
      frames.push({
        transport,
        from: `${src.split("\x01")[0]}:${transport === "udp" ? udpFrom.split("\x01")[0] : tcpFrom}`,
        to: `${dst.split("\x01")[0]}:${transport === "udp" ? udpTo.split("\x01")[0] : tcpTo}`,
        what: what[index] ?? "",
        callId,
        cseq: sequence[index] ?? "",
      });
    }
  }
  return frames;
}

/** What tshark calls malformed or a protocol error among the SIP, SDP, XML and multipart of a capture. */
export function malformed(file: string, ports: readonly number[]): string[] {
  const decode = ports.flatMap((port) => ["-d", `tcp.port==${port},sip`, "-d", `udp.port==${port},sip`]);
  const xml = ["-d", "media_type==application/msml+xml,xml"];
  const text = run("tshark", [
    "-n",
    "-r",
    file,
    ...decode,
    ...xml,
    "-Y",
    "sip && (_ws.malformed || _ws.expert.severity == error)",
    "-T",
    "fields",
    "-e",
    "frame.number",
    "-e",
    "_ws.expert.message",
  ]);
  return text.split("\n").filter((line) => line !== "");
}
