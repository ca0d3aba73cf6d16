import { isToken, parseDigits, skipBlanks } from "./characters.ts";
import { Headers } from "./headers.ts";
import { parseContact, parseNameAddr } from "./name-addr.ts";
import type { NameAddr } from "./name-addr.ts";
import { firstElement, parseVia } from "./via.ts";
import type { Via } from "./via.ts";
import { isBlank } from "./characters.ts";
import { LIMITS } from "../limits.ts";

/** Something wrong that the parser met and could represent. The validator turns it into an answer. */
export interface Flaw {
  readonly status: number;
  /** Reason phrase, naming the place. */
  readonly reason: string;
}

/** CSeq (RFC 3261 20.16). */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

const NO_FLAWS: readonly Flaw[] = [];
const EMPTY = Buffer.alloc(0);

/**
 * What requests and responses share: headers, body, and typed views of the headers that nearly every use needs. A view is
 * made when first read, kept until the header changes, and `undefined` where the header is absent or malformed. Views are
 * shared: clone one (`cloneNameAddr`) before changing it.
 */
abstract class MessageParts {
  headers: Headers;
  /** Bytes after the head, as many as Content-Length said. May be a view of what was received. */
  body: Buffer;
  /** What the parser found wrong; empty for a message that was made here. */
  flaws: readonly Flaw[] = NO_FLAWS;
  #cseq: Cached<CSeq> = ABSENT;
  #from: Cached<NameAddr> = ABSENT;
  #to: Cached<NameAddr> = ABSENT;
  #via: Cached<Via> = ABSENT;
  #contact: Cached<NameAddr> = ABSENT;

  constructor(headers: Headers, body: Buffer) {
    this.headers = headers;
    this.body = body;
  }

  get callId(): string | undefined {
    return this.headers.get("call-id");
  }

  get cseq(): CSeq | undefined {
    const raw = this.headers.get("cseq");
    if (raw !== this.#cseq.raw) this.#cseq = { raw, value: raw === undefined ? undefined : parseCSeq(raw) };
    return this.#cseq.value;
  }

  get from(): NameAddr | undefined {
    const raw = this.headers.get("from");
    if (raw !== this.#from.raw) this.#from = { raw, value: addressOf(raw) };
    return this.#from.value;
  }

  get to(): NameAddr | undefined {
    const raw = this.headers.get("to");
    if (raw !== this.#to.raw) this.#to = { raw, value: addressOf(raw) };
    return this.#to.value;
  }

  get fromTag(): string | undefined {
    return this.from?.params.text("tag");
  }

  get toTag(): string | undefined {
    return this.to?.params.text("tag");
  }

  /** The first Via element. */
  get topVia(): Via | undefined {
    const raw = this.headers.get("via");
    if (raw !== this.#via.raw) {
      const via = raw === undefined ? undefined : parseVia(firstElement(raw));
      this.#via = { raw, value: via?.ok === true ? via.value : undefined };
    }
    return this.#via.value;
  }

  /** The first Contact; `undefined` for `*` too. */
  get contact(): NameAddr | undefined {
    const raw = this.headers.get("contact");
    if (raw !== this.#contact.raw) {
      const contact = raw === undefined ? undefined : parseContact(firstElement(raw));
      this.#contact = { raw, value: contact?.ok === true ? contact.value : undefined };
    }
    return this.#contact.value;
  }

  /** `type/subtype` of the body, in lower case and without parameters. */
  get contentType(): string | undefined {
    const raw = this.headers.get("content-type");
    if (raw === undefined) return undefined;
    const semicolon = raw.indexOf(";");
    return (semicolon === -1 ? raw : raw.slice(0, semicolon)).trim().toLowerCase();
  }
}

/** A SIP request. Text is as on the wire: one character per byte. */
export class SipRequest extends MessageParts {
  readonly kind = "request";
  method: string;
  /** The Request-URI as text. */
  uri: string;

  constructor(method: string, uri: string, headers: Headers = new Headers(), body: Buffer = EMPTY) {
    super(headers, body);
    this.method = method;
    this.uri = uri;
  }

  /** A copy with headers of its own; the body is shared. */
  clone(): SipRequest {
    const copy = new SipRequest(this.method, this.uri, this.headers.clone(), this.body);
    copy.flaws = this.flaws;
    return copy;
  }
}

/** A SIP response. */
export class SipResponse extends MessageParts {
  readonly kind = "response";
  status: number;
  reason: string;

  constructor(status: number, reason: string, headers: Headers = new Headers(), body: Buffer = EMPTY) {
    super(headers, body);
    this.status = status;
    this.reason = reason;
  }

  /** A copy with headers of its own; the body is shared. */
  clone(): SipResponse {
    const copy = new SipResponse(this.status, this.reason, this.headers.clone(), this.body);
    copy.flaws = this.flaws;
    return copy;
  }
}

export type SipMessage = SipRequest | SipResponse;

/** Reads `314159 INVITE`; `undefined` where malformed or not below 2^31 (RFC 3261 8.1.1.5). */
export function parseCSeq(text: string): CSeq | undefined {
  let at = 0;
  while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
  const sequence = parseDigits(text.slice(0, at), LIMITS.cseqMax);
  const method = text.slice(skipBlanks(text, at));
  return sequence === undefined || !isToken(method) ? undefined : { sequence, method };
}

interface Cached<T> {
  readonly raw: string | undefined;
  readonly value: T | undefined;
}

const ABSENT: Cached<never> = { raw: undefined, value: undefined };

function addressOf(raw: string | undefined): NameAddr | undefined {
  if (raw === undefined) return undefined;
  const address = parseNameAddr(raw);
  return address.ok ? address.value : undefined;
}
