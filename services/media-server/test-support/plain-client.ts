import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "@sidetone/foundation";

/** A SIP message as text, taken apart at its line breaks only. */
export interface PlainMessage {
  readonly start: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** An MSML client that shares no code with us: SIP as text on a TCP connection, one dialog. */
export class PlainClient {
  readonly host: string;
  readonly #socket: Socket;
  readonly #server: string;
  readonly #tag = Math.random().toString(36).slice(2);
  readonly #callId = `${Math.random().toString(36).slice(2)}@plain`;
  readonly #answers = new Map<number, (message: PlainMessage) => void>();
  /** Bodies of the INFO requests that the server has sent, and `BYE`. */
  readonly events: string[] = [];
  readonly #heard: (() => void)[] = [];
  #pending = Buffer.alloc(0);
  #cseq = 0;
  #to = "";

  private constructor(socket: Socket, server: string, host: string) {
    this.#socket = socket;
    this.#server = server;
    this.host = host;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => undefined);
  }

  /** @param server `127.0.0.1:5080` @param host own address: clients are told apart by it */
  static async connect(server: string, host = "127.0.0.1"): Promise<PlainClient> {
    const [serverHost = "", port = ""] = server.split(":");
    const socket = connect({ host: serverHost, port: Number(port), localAddress: host });
    await once(socket, "connect");
    return new PlainClient(socket, server, host);
  }

  /** The server's tag: `conn:TAG`. */
  get conn(): string {
    return `conn:${this.#to.slice(this.#to.indexOf(";tag=") + 5)}`;
  }

  /** The dialog that is a leg. Resolves to the answer's SDP. */
  async invite(rtpPort: number, confId = "any"): Promise<string> {
    const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${rtpPort} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
    const uri = `sip:msml=${confId}@${this.#server};dn=1`;
    this.#to = `<sip:msml@${this.#server}>`;
    const answer = await this.#request("INVITE", uri, "application/sdp", sdp);
    if (!answer.start.startsWith("SIP/2.0 200")) throw new Error(answer.start);
    this.#to = answer.headers.get("to") ?? "";
    this.#write("ACK", `sip:${this.#server}`, this.#cseq, "", "");
    return answer.body;
  }

  /** An INFO with a body; its final answer. */
  info(body: string, contentType = "application/msml+xml"): Promise<PlainMessage> {
    return this.#request("INFO", `sip:${this.#server}`, contentType, body);
  }

  /** MSML inside `<msml>`; the result's code and body. */
  async msml(inner: string): Promise<{ code: number; body: string }> {
    const { body } = await this.info(`<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">${inner}</msml>`);
    return { code: Number(/<result response="([0-9]+)"/.exec(body)?.[1] ?? 0), body };
  }

  /** Waits for an event whose body has all of these. */
  async event(...parts: string[]): Promise<string> {
    for (;;) {
      const found = this.events.find((body) => parts.every((part) => body.includes(part)));
      if (found !== undefined) return found;
      const heard = new Promise<void>((resolve) => this.#heard.push(resolve));
      await Promise.race([heard, late(15_000, () => `no event ${parts.join(" ")} among ${this.events.join("\n")}`)]);
    }
  }

  async bye(): Promise<void> {
    await this.#request("BYE", `sip:${this.#server}`, "", "");
    this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #request(method: string, uri: string, contentType: string, body: string): Promise<PlainMessage> {
    const cseq = ++this.#cseq;
    const answered = new Promise<PlainMessage>((resolve) => this.#answers.set(cseq, resolve));
    this.#write(method, uri, cseq, contentType, body);
    const answer = await Promise.race([answered, late(30_000, () => `no answer to ${method}`)]);
    this.#answers.delete(cseq);
    return answer;
  }

  #write(method: string, uri: string, cseq: number, contentType: string, body: string): void {
    const type = contentType === "" ? "" : `Content-Type: ${contentType}\r\n`;
    const me = `${this.host}:${this.#socket.localPort}`;
    this.#socket.write(
      `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/TCP ${me};branch=z9hG4bK${method}${cseq}${this.#tag}\r\nMax-Forwards: 70\r\n` +
        `From: <sip:plain@${me}>;tag=${this.#tag}\r\nTo: ${this.#to}\r\nCall-ID: ${this.#callId}\r\nCSeq: ${cseq} ${method}\r\n` +
        `Contact: <sip:plain@${me};transport=tcp>\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  #take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const end = this.#pending.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [start = "", ...lines] = this.#pending.subarray(0, end).toString().split("\r\n");
      const headers = new Map(
        lines.map((line): [string, string] => {
          const at = line.indexOf(":");
          return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
        }),
      );
      const length = Number(headers.get("content-length") ?? 0);
      if (this.#pending.length < end + 4 + length) return;
      const body = this.#pending.subarray(end + 4, end + 4 + length).toString();
      this.#pending = this.#pending.subarray(end + 4 + length);
      this.#message({ start, headers, body }, lines);
    }
  }

  #message(message: PlainMessage, lines: readonly string[]): void {
    const { start, headers, body } = message;
    if (start.startsWith("SIP/2.0 ")) {
      if (start.startsWith("SIP/2.0 1")) return;
      this.#answers.get(Number((headers.get("cseq") ?? "").split(" ")[0]))?.(message);
      return;
    }
    const kept = lines.filter((line) => /^(via|from|to|call-id|cseq):/i.test(line)).join("\r\n");
    this.#socket.write(`SIP/2.0 200 OK\r\n${kept}\r\nContent-Length: 0\r\n\r\n`);
    this.events.push(start.startsWith("INFO") ? body : (start.split(" ")[0] ?? ""));
    for (const heard of this.#heard.splice(0)) heard();
  }
}

function late(ms: number, why: () => string): Promise<never> {
  return new Promise((_, reject) => {
    const timer = systemClock.after(ms, () => reject(new Error(why())));
    void timer;
  });
}
