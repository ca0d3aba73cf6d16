import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { delay, systemClock } from "@sidetone/foundation";
import { parseSdp } from "@sidetone/sip";
import { RtpSource } from "./testing-src.ts";

/** What a vendor's client sends: headers as it writes them, and a body. */
export interface VendorMessage {
  readonly headers: readonly string[];
  readonly body: string;
}

/** A message of `fixtures/siprec`; files of `drachtio/` are bodies alone, whose headers are given here. */
export function vendorMessage(name: string, headers?: readonly string[]): VendorMessage {
  const path = fileURLToPath(new URL(`../fixtures/siprec/${name}.txt`, import.meta.url));
  const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  if (headers !== undefined) return { headers, body: text.replaceAll("\n", "\r\n") };
  const end = text.indexOf("\n\n");
  return { headers: text.slice(0, end).split("\n"), body: text.slice(end + 2).replaceAll("\n", "\r\n") };
}

/** The client of one recording session, over TCP: writes what it is given and understands only what it must. */
export class VendorClient {
  readonly #socket: Socket;
  readonly #target: string;
  readonly #callId: string;
  #cseq = 0;
  #toTag = "";
  #buffer = "";
  readonly #final = new Map<number, (response: string) => void>();
  /** Requests of the recorder; all get 200. */
  readonly requests: string[] = [];
  /** RTP ports of the last answer, by m-line. */
  ports: number[] = [];
  /** Last answer. */
  sdp = "";
  readonly #sources: (RtpSource | undefined)[] = [];
  #frame = 0;

  private constructor(socket: Socket, recorder: string, callId: string) {
    this.#socket = socket;
    this.#target = `sip:recorder@${recorder}`;
    this.#callId = callId;
    socket.on("data", (data: Buffer) => this.#read(data.toString("latin1")));
  }

  static async open(recorder: string, callId: string): Promise<VendorClient> {
    const [host = "", port = ""] = recorder.split(":");
    const socket = connect(Number(port), host);
    await once(socket, "connect");
    return new VendorClient(socket, recorder, callId);
  }

  /** Sends a request and gives its final response; an answer in it is kept, an INVITE is ACKed. @param ack SDP of the ACK */
  async ask(method: string, message: VendorMessage, ack = ""): Promise<string> {
    this.#cseq += 1;
    const cseq = this.#cseq;
    const answered = new Promise<string>((resolve) => this.#final.set(cseq, resolve));
    this.#write(method, cseq, message);
    const response = await answered;
    if (method === "INVITE") {
      this.#toTag = /^To:.*;tag=([^;\s]+)/im.exec(response)?.[1] ?? this.#toTag;
      const type = ack === "" ? [] : ["Content-Type: application/sdp"];
      this.#write("ACK", cseq, { headers: type, body: ack });
    }
    const body = response.slice(response.indexOf("\r\n\r\n") + 4);
    const answer = parseSdp(body);
    if (answer.ok) {
      this.sdp = body;
      this.ports = answer.value.media.map((m) => m.port);
    }
    return response;
  }

  /** Sends so many frames of 20 ms to every port of the last answer; those of the n-th m-line say so (`audioOf`). */
  async talk(frames: number): Promise<void> {
    const start = systemClock.wallMicros();
    for (const [i, port] of this.ports.entries())
      if (port !== 0) this.#sources[i] ??= await RtpSource.open(port, start, this.#payloadType(port));
    const first = this.#frame;
    this.#frame += frames;
    for (let n = 0; n < frames; n++) {
      for (const [i, port] of this.ports.entries()) {
        const source = this.#sources[i];
        if (port !== 0) source?.send(port, marked(source.packet(first + n, 0, first + n), i));
      }
      await delay(systemClock, Math.max(0, (start + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000));
    }
  }

  close(): void {
    this.#socket.destroy();
    for (const source of this.#sources) source?.socket.close();
  }

  #payloadType(port: number): number {
    const formats = new RegExp(`m=audio ${port} \\S+ ([\\d ]+)`).exec(this.sdp)?.[1]?.split(" ") ?? [];
    return formats.includes("0") ? 0 : 8;
  }

  #write(method: string, cseq: number, { headers, body }: VendorMessage): void {
    const from = headers.find((h) => h.startsWith("From:")) ?? "From: <sip:vendor@127.0.0.1>";
    const lines = [
      `${method} ${this.#target} SIP/2.0`,
      `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${this.#callId}${cseq}${method === "ACK" ? "a" : ""};rport`,
      "Max-Forwards: 70",
      `${from};tag=${this.#callId}`,
      `To: <${this.#target}>${this.#toTag === "" ? "" : `;tag=${this.#toTag}`}`,
      `Call-ID: ${this.#callId}`,
      `CSeq: ${cseq} ${method}`,
      ...headers.filter((h) => h !== from),
      ...(method === "INVITE" ? [`X-Test-Case: case-${this.#callId}-end`] : []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  #read(text: string): void {
    this.#buffer += text;
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#buffer.slice(0, end);
      const length = Number(/^Content-Length:\s*(\d+)/im.exec(head)?.[1] ?? "0");
      if (this.#buffer.length < end + 4 + length) return;
      const message = this.#buffer.slice(0, end + 4 + length);
      this.#buffer = this.#buffer.slice(end + 4 + length);
      if (!message.startsWith("SIP/2.0 ")) this.#answer(message);
      else if (!message.startsWith("SIP/2.0 1")) {
        const cseq = Number(/^CSeq:\s*(\d+)/im.exec(head)?.[1] ?? "0");
        this.#final.get(cseq)?.(message);
        this.#final.delete(cseq);
      }
    }
  }

  #answer(request: string): void {
    this.requests.push(request);
    if (request.startsWith("ACK ")) return;
    const copied = request.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/i.test(l));
    const contact = "Contact: <sip:vendor@127.0.0.1:9;transport=tcp>";
    this.#socket.write(`${["SIP/2.0 200 OK", ...copied, contact, "Content-Length: 0"].join("\r\n")}\r\n\r\n`);
  }
}

/** 20 ms of the audio of an m-line, different from that of others; silence of neither law. */
export function audioOf(line: number): Buffer {
  return Buffer.alloc(160, 0x21 + line);
}

function marked(packet: Buffer, line: number): Buffer {
  return Buffer.concat([packet.subarray(0, 12), audioOf(line)]);
}
