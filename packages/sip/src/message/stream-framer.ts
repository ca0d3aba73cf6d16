import { LIMITS } from "../limits.ts";
import type { SipMessage, SipRequest } from "./message.ts";
import { contentLength, HEAD_END, parseHead } from "./parse.ts";

/** What came out of a stream. After an `error` the stream cannot be read further: answer `request` if there is one, then close. */
export type FramedItem =
  | { readonly kind: "message"; readonly message: SipMessage }
  /** Two line ends between messages (RFC 5626 4.4.1): answer with one. */
  | { readonly kind: "ping" }
  /** One line end between messages. */
  | { readonly kind: "pong" }
  | { readonly kind: "error"; readonly reason: string; readonly request?: SipRequest };

const EMPTY = Buffer.alloc(0);

/**
 * Cuts a byte stream into messages by Content-Length (RFC 3261 18.3), with the parser's own head reader, so that nobody
 * can hide a message inside another. Work is linear in the bytes received, however small the pieces.
 */
export class StreamFramer {
  #buffer: Buffer = EMPTY;
  #length = 0;
  #scanned = 0;
  #awaited: { message: SipMessage; bodyLength: number } | undefined;
  #halfPing = false;
  #broken = false;

  /** Whether an error ended it; it gives nothing any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether part of a message has come and the rest has not. */
  get partial(): boolean {
    return this.#length > 0 || this.#awaited !== undefined;
  }

  /** Takes what was received. `chunk` is kept if it holds whole bodies: do not write to it again. */
  push(chunk: Buffer): FramedItem[] {
    const items: FramedItem[] = [];
    if (this.#broken || chunk.length === 0) return items;
    const owned = this.#length > 0;
    const data = owned ? this.#append(chunk) : chunk;
    let at = 0;
    let pinged = false;
    while (at < data.length && !this.#broken) {
      if (this.#awaited === undefined && this.#scanned === 0 && data[at] === 0x0d) {
        if (at + 1 === data.length) break;
        if (data[at + 1] !== 0x0a) {
          this.#fail(items, "bare CR between messages");
          break;
        }
        at += 2;
        if (this.#halfPing) {
          this.#halfPing = false;
          if (!pinged) items.push({ kind: "ping" });
          pinged = true;
        } else if (at < data.length && data[at] !== 0x0d) {
          items.push({ kind: "pong" });
        } else {
          this.#halfPing = true;
          if (at === data.length) items.push({ kind: "pong" });
        }
        continue;
      }
      this.#halfPing = false;
      const used = this.#readOne(data, at, owned, items);
      if (used === 0) break;
      at += used;
    }
    this.#keep(data, at, owned);
    return items;
  }

  /** Reads a head, or the body of the head that was read; gives the bytes used, 0 where more must come. */
  #readOne(data: Buffer, at: number, copyBody: boolean, items: FramedItem[]): number {
    if (this.#awaited === undefined) {
      const headEnd = data.indexOf(HEAD_END, at + Math.max(0, this.#scanned - 3));
      const headBytes = (headEnd === -1 ? data.length : headEnd) - at;
      if (headBytes > LIMITS.streamHeadBytes) return this.#fail(items, "headers too long");
      if (headEnd === -1) {
        this.#scanned = data.length - at;
        return 0;
      }
      this.#scanned = 0;
      const parsed = parseHead(data.toString("latin1", at, headEnd));
      if (!parsed.ok) return this.#fail(items, parsed.error.reason);
      const message = parsed.value;
      const length = contentLength(message.headers);
      if (length.kind === "absent") return this.#fail(items, "No Content-Length", message);
      if (length.kind === "bad") return this.#fail(items, length.reason, message);
      if (headBytes + 4 + length.value > LIMITS.streamMessageBytes) {
        return this.#fail(items, "message too long", message);
      }
      const used = headBytes + 4;
      if (length.value === 0) items.push({ kind: "message", message });
      else this.#awaited = { message, bodyLength: length.value };
      return used;
    }
    const { message, bodyLength } = this.#awaited;
    if (data.length - at < bodyLength) return 0;
    const body = data.subarray(at, at + bodyLength);
    message.body = copyBody ? Buffer.from(body) : body;
    this.#awaited = undefined;
    items.push({ kind: "message", message });
    return bodyLength;
  }

  #fail(items: FramedItem[], reason: string, message?: SipMessage): 0 {
    this.#broken = true;
    this.#awaited = undefined;
    items.push(message?.kind === "request" ? { kind: "error", reason, request: message } : { kind: "error", reason });
    return 0;
  }

  /** Adds to the kept bytes; the buffer doubles, so that bytes are moved a constant number of times. */
  #append(chunk: Buffer): Buffer {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = needed;
    return this.#buffer.subarray(0, needed);
  }

  #keep(data: Buffer, from: number, owned: boolean): void {
    const rest = data.length - from;
    if (this.#broken || rest === 0) {
      this.#buffer = EMPTY;
      this.#length = 0;
    } else if (owned) {
      if (from > 0) this.#buffer.copyWithin(0, from, data.length);
      this.#length = rest;
    } else {
      this.#buffer = Buffer.allocUnsafe(Math.max(rest, 2048));
      data.copy(this.#buffer, 0, from);
      this.#length = rest;
    }
  }
}
