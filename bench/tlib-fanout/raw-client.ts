import { type Socket, connect } from "node:net";
import { tlibPath } from "../../services/sip-server/src/t-library/index.ts";
import { monotonicMicros, type Samples } from "./figures.ts";
import { application, type Kind } from "./orders.ts";

/** tlib-wire.md "Session" 3. */
const ACK_MESSAGES = 100;
/** Read by every socket in turn: what is read is used up before the next one reads. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);
const stamp = Buffer.from('"Sent');
const letter = { E: 69, L: 76, P: 80, Q: 81, R: 82 };

/** Where waiting times go. */
export interface Waits {
  readonly queue: Samples;
  readonly desktop: Samples;
}

/** How a client reads. */
export type Reading = "normal" | "slow" | "dead";
/** Bytes that a slow client reads in a second. */
const slowBytes = 1024;

export interface RawClientOptions {
  readonly port: number;
  readonly kind: Kind;
  readonly dns: readonly string[];
  readonly reading: Reading;
  /** Spreads acknowledgements, so that not all come at once. */
  readonly firstAck: number;
  readonly waits: Waits;
}

/** A T-Library client that costs next to nothing: it looks at the frames' headers and at one time stamp. */
export class RawClient {
  /** Registered, or without sessions: upgraded. */
  readonly ready: Promise<void>;
  /** Events since the last look. */
  events = 0;
  closed = false;
  readonly #o: RawClientOptions;
  readonly #socket: Socket;
  #rest: Buffer | undefined;
  #upgraded = false;
  #seq = 0;
  #acknowledged = 0;
  #nextAck: number;
  #registered = 0;
  #becameReady!: () => void;
  #reading: Reading = "normal";

  constructor(o: RawClientOptions) {
    this.#o = o;
    this.#nextAck = o.firstAck;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#becameReady = resolve;
    const buffer = o.reading === "normal" ? shared : Buffer.alloc(slowBytes);
    const onread = { buffer, callback: (bytes: number, read: Uint8Array) => this.#read(bytes, read) };
    this.#socket = connect({ host: "127.0.0.1", port: o.port, onread, noDelay: true });
    this.#socket.on("error", reject);
    this.#socket.on("close", () => {
      this.closed = true;
      reject(new Error("the server closed the connection"));
    });
    const path = o.kind === "tlib" ? tlibPath : `/${o.kind}`;
    this.#socket.write(
      `GET ${path}${o.reading === "normal" ? "" : "?stuck"} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
        `${o.kind === "tlib" ? "Sec-WebSocket-Protocol: tlib.v1.json\r\n" : ""}\r\n`,
    );
  }

  /** Once a second: a slow client reads on, everyone acknowledges what has waited for long. */
  tick(everyone: boolean): void {
    if (this.closed || this.#reading === "dead") return;
    if (this.#reading === "slow") this.#socket.resume();
    if (everyone || this.#reading === "slow") this.#acknowledge();
  }

  /** Ends the session, also where the client does not read. */
  close(): void {
    if (this.#o.kind === "tlib") this.#say('{"message":"SessionClose","attributes":{}}');
    else this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** False rests the socket. */
  #read(bytes: number, buffer: Uint8Array): boolean {
    const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
    let data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#upgraded) {
      const end = data.indexOf("\r\n\r\n");
      if (end !== -1) {
        this.#upgraded = true;
        data = data.subarray(end + 4);
        if (this.#o.kind === "tlib") this.#open();
        else this.#becameReady();
      }
    }
    let at = 0;
    while (this.#upgraded && data.length - at >= 4) {
      const short = (data[at + 1] ?? 0) & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (data.length - at < head) break;
      const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : data.readUInt32BE(at + 6);
      if (data.length - at < head + length) break;
      this.#message(data, at + head, at + head + length);
      at += head + length;
    }
    // The rest is in a buffer that others use.
    this.#rest = at === data.length ? undefined : Buffer.from(data.subarray(at));
    return this.#reading === "normal";
  }

  /** `{"message":"EventX` : the 13th byte tells events from controls, the 18th one event from another. */
  #message(data: Buffer, from: number, to: number): void {
    const first = data[from + 12];
    if (first !== letter.E) {
      if (first === letter.P) this.#say('{"message":"Pong","attributes":{}}');
      return;
    }
    this.events += 1;
    this.#seq += 1;
    const found = data.indexOf(stamp, from + 200);
    if (found !== -1 && found < to) {
      const sentAt = Number(data.toString("latin1", found + 9, found + 25));
      const queue = data[found + 5] === letter.Q;
      (queue ? this.#o.waits.queue : this.#o.waits.desktop).add(monotonicMicros() - sentAt);
    } else if (data[from + 17] === letter.L) {
      this.#register();
    } else if (data[from + 17] === letter.R) {
      this.#registered += 1;
      if (this.#registered === this.#o.dns.length) {
        this.#reading = this.#o.reading;
        this.#becameReady();
      }
    }
    if (this.#seq >= this.#nextAck) this.#acknowledge();
  }

  #acknowledge(): void {
    if (this.#o.kind !== "tlib" || this.#seq === this.#acknowledged) return;
    this.#acknowledged = this.#seq;
    this.#nextAck = this.#seq + ACK_MESSAGES;
    this.#say(`{"message":"SessionAck","attributes":{"Seq":${this.#seq}}}`);
  }

  #open(): void {
    const { name, password } = application;
    const attributes = { ProtocolVersion: "1.0", ApplicationName: name, ApplicationPassword: password };
    this.#say(JSON.stringify({ message: "SessionOpen", attributes }));
  }

  #register(): void {
    for (const [i, ThisDN] of this.#o.dns.entries()) {
      this.#say(JSON.stringify({ message: "RequestRegisterAddress", attributes: { ReferenceID: i + 1, ThisDN } }));
    }
  }

  /** RFC 6455 5.3: a mask of zeroes leaves the text as it is. */
  #say(text: string): void {
    if (this.closed) return;
    const length = text.length;
    const head = length < 126 ? [0x81, 0x80 | length] : [0x81, 0xfe, length >> 8, length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(text, "latin1")]));
  }
}
