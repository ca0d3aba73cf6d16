import { Events } from "@sidetone/foundation";
import {
  type ByeOptions,
  type EndReason,
  type IncomingRequest,
  type InviteOptions,
  type InviteSession,
  parseSdp,
  formatSdp,
  Headers,
  answerAudio,
  parseMultipart,
  type RequestOptions,
  type RespondOptions,
  type ServerTransaction,
  type SessionEvents,
  SipRequest,
  SipResponse,
  type UasOptions,
} from "@sidetone/sip";
import type { SipDoor } from "../src/server/media-server.ts";

/** Lets everything that waits on promises run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An answer of a SIP peer, given by the test. */
export function response(status: number, body = "", contentType = "application/sdp"): SipResponse {
  const made = new SipResponse(status, `Reason ${status}`, new Headers(), Buffer.from(body));
  if (body !== "") made.headers.set("Content-Type", contentType);
  return made;
}

/** An INVITE session without a network. */
export class FakeSession implements InviteSession {
  readonly id: string;
  readonly role: "uac" | "uas";
  readonly callId: string;
  readonly localTag: string;
  remoteTag: string | undefined = "remote";
  state: "trying" | "early" | "confirmed" | "ended" = "trying";
  readonly invite: SipRequest;
  remoteTarget: string | undefined = "sip:recorder@127.0.0.1:5090";
  readonly remoteAllow = new Set<string>();
  readonly remoteSupported = new Set<string>();
  localSdp: Buffer | undefined;
  remoteSdp: Buffer | undefined;
  /** What was done with it, in order. */
  readonly log: string[] = [];
  /** Bodies of what it sent, in order: INVITE, re-INVITE, INFO. */
  readonly sent: {
    method: string;
    body: string;
    contentType: string | undefined;
    headers: readonly (readonly [string, string])[];
  }[] = [];
  /** Answers our requests; default 200, with an answer for an offer. */
  onSent: (method: string, body: string) => SipResponse | Promise<SipResponse> = (_, body) => answerTo(body);
  /** How BYE is answered; default 200. */
  byeAnswer: SipResponse | "none" | undefined;
  byeHeaders: readonly (readonly [string, string])[] = [];
  readonly #events = new Events<SessionEvents>((error) => {
    throw error;
  });

  constructor(role: "uac" | "uas", tag: string, invite: SipRequest) {
    this.id = this.callId = this.localTag = tag;
    this.role = role;
    this.invite = invite;
  }

  on<K extends keyof SessionEvents & string>(event: K, listener: (...args: SessionEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  emit<K extends keyof SessionEvents & string>(event: K, ...args: SessionEvents[K]): void {
    this.#events.emit(event, ...args);
  }

  progress(): void {}
  accept(o?: RequestOptions): void {
    this.state = "confirmed";
    this.localSdp = Buffer.from(o?.body ?? "");
    this.log.push("200");
  }
  reject(status: number): void {
    this.log.push(String(status));
    this.end({ by: "local" });
  }
  cancel(): void {
    this.end({ by: "local" });
  }
  ack(): void {}
  prack(): void {}
  async reinvite(o?: RequestOptions): Promise<SipResponse> {
    return this.#send("INVITE", o);
  }
  async update(o?: RequestOptions): Promise<SipResponse> {
    return this.#send("UPDATE", o);
  }
  async refresh(): Promise<SipResponse> {
    return this.#send("UPDATE", undefined);
  }
  snapshot(): undefined {}
  pending(): undefined {}
  async request(method: string, o?: RequestOptions): Promise<SipResponse> {
    return this.#send(method, o);
  }
  async bye(o?: ByeOptions): Promise<void> {
    this.log.push("BYE");
    this.byeHeaders = o?.headers ?? [];
    this.end({ by: "local" });
    if (this.byeAnswer === "none") return new Promise(() => undefined);
    if (this.byeAnswer !== undefined) o?.onAnswer?.(this.byeAnswer);
  }
  terminate(): void {
    this.log.push("terminate");
    this.end({ by: "local" });
  }

  /** The peer's 200. */
  accepted(body: string, headers: readonly (readonly [string, string])[] = []): void {
    this.state = "confirmed";
    const answer = response(200, body);
    for (const [name, value] of headers) answer.headers.set(name, value);
    this.emit("accepted", answer);
  }
  rejected(status: number, headers: readonly (readonly [string, string])[] = []): void {
    const answer = response(status);
    for (const [name, value] of headers) answer.headers.set(name, value);
    this.emit("rejected", answer);
    this.end({ by: "remote" });
  }
  end(reason: EndReason): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.emit("ended", reason);
  }

  /** A request from the peer inside the dialog; resolves with how it was answered. */
  incoming(
    method: string,
    body: string,
    contentType: string,
  ): Promise<{ status: number; body: string; incoming: IncomingRequest }> {
    const request = new SipRequest(method, "sip:us", Headers.of([["Content-Type", contentType]]), Buffer.from(body));
    return new Promise((resolve) => {
      const incoming: IncomingRequest = {
        request,
        flow: {} as IncomingRequest["flow"],
        respond: (status: number, o?: RespondOptions) => resolve({ status, body: String(o?.body ?? ""), incoming }),
      };
      if (method === "INVITE") this.emit("reinvite", incoming);
      else if (method === "UPDATE") this.emit(contentType === "application/sdp" ? "update" : "bodyUpdate", incoming);
      else this.emit("request", incoming);
    });
  }

  async #send(method: string, o: RequestOptions | undefined): Promise<SipResponse> {
    const body = String(o?.body ?? "");
    this.sent.push({ method, body, contentType: o?.contentType, headers: o?.headers ?? [] });
    return this.onSent(method, body);
  }
}

/** A 200 with an answer to whatever SDP is in a body. */
export function answerTo(body: string, port = 25_000): SipResponse {
  const sdp = answerSdp(body, port);
  return sdp === undefined ? response(200) : response(200, sdp);
}

/** The recorder's answer to an offer, plain or in a multipart body. */
export function answerSdp(body: string, port = 25_000): string | undefined {
  const boundary = body.startsWith("--") ? body.slice(2, body.indexOf("\r\n")) : undefined;
  const parts =
    boundary === undefined ? undefined : parseMultipart(`multipart/mixed;boundary="${boundary}"`, Buffer.from(body));
  const offer = parseSdp(parts?.ok === true ? (parts.value[0]?.body ?? "") : body);
  if (!offer.ok) return undefined;
  const answered = answerAudio(offer.value, {
    address: "127.0.0.1",
    sessionId: "1",
    version: "1",
    codecs: ["PCMU", "PCMA", "TELEPHONE-EVENT"],
    port: (index) => port + index * 2,
  });
  return answered.ok ? formatSdp(answered.value.sdp) : undefined;
}

/** A SIP endpoint without a network: `invited` are the sessions that we began. */
export class FakeSip implements SipDoor {
  readonly invited: { options: InviteOptions; session: FakeSession; body: string }[] = [];
  readonly accepted: FakeSession[] = [];
  /** SIP URIs that were asked for their options. */
  readonly asked: string[] = [];
  /** Answers OPTIONS; default 200. */
  onOptions: (uri: string) => Promise<SipResponse | undefined> = () => Promise.resolve(response(200));

  options(uri: string): Promise<SipResponse | undefined> {
    this.asked.push(uri);
    return this.onOptions(uri);
  }

  accept(tx: ServerTransaction, o?: UasOptions): InviteSession {
    const session = new FakeSession("uas", o?.localTag ?? "tag", tx.request);
    this.accepted.push(session);
    return session;
  }

  invite(options: InviteOptions): InviteSession {
    const session = new FakeSession(
      "uac",
      `uac${this.invited.length}`,
      new SipRequest("INVITE", options.uri, new Headers()),
    );
    this.invited.push({ options, session, body: String(options.body ?? "") });
    return session;
  }
}

/** A request outside a dialog; `answers` fill when the server answers without taking a session. */
export function transaction(
  method: string,
  uri: string,
  body = "",
  contentType = "application/sdp",
): ServerTransaction & { answers: { status: number; headers: readonly (readonly [string, string])[] }[] } {
  const headers: [string, string][] = body === "" ? [] : [["Content-Type", contentType]];
  const answers: { status: number; headers: readonly (readonly [string, string])[] }[] = [];
  return {
    id: "tx",
    request: new SipRequest(method, uri, Headers.of(headers), Buffer.from(body)),
    flow: { remote: { host: "127.0.0.1", port: 5060 } } as ServerTransaction["flow"],
    state: "proceeding",
    answers,
    respond: (status, o) => {
      answers.push({ status, headers: o?.headers ?? [] });
    },
    forward: () => undefined,
  };
}
