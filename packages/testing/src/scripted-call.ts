import { createSocket, type Socket } from "node:dgram";
import type { SipResponse } from "@sidetone/sip";
import type { EndReason, IncomingRequest, InviteSession } from "@sidetone/sip";
import { type AudioSource, quiet } from "./audio-source.ts";
import { Heard } from "./heard.ts";
import {
  answerDirection,
  commonCodec,
  type Direction,
  type FarStream,
  type OwnStream,
  type PhoneCodec,
  readFarStream,
  writeAnswer,
  writeOffer,
} from "./phone-sdp.ts";
import { type Impairment, RtpSender } from "./rtp-sender.ts";

/** What one call of a phone is made of. */
export interface CallSetup {
  readonly host: string;
  readonly codecs: readonly PhoneCodec[];
  readonly source: AudioSource;
  readonly impair: Impairment | undefined;
  readonly ssrc: number;
  /** False: the phone has no media at all (signalling tests, many calls). */
  readonly media: boolean;
  readonly extraSdp?: readonly string[];
}

/** A promise with its ends in hand. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // a test that does not wait for it is no unhandled rejection
  return { promise, resolve, reject };
}

/** The call was refused or given up before it was answered. */
export class CallRefused extends Error {
  readonly status: number;
  readonly response: SipResponse | undefined;
  constructor(status: number, reason: string, response?: SipResponse) {
    super(`${status} ${reason}`);
    this.name = "CallRefused";
    this.status = status;
    this.response = response;
  }
}

/** One call of a scripted phone: its dialog, its RTP port, what it plays and what it hears. */
export class ScriptedCall {
  readonly id: string;
  readonly session: InviteSession;
  readonly heard = new Heard();
  readonly sender: RtpSender;
  /** Provisional statuses in the order they came (UAC). */
  readonly progress: number[] = [];
  /** Resolves when the call is up (2xx sent or received); rejects with `CallRefused`. */
  readonly answered: Promise<void>;
  /** Resolves however the call ended. */
  readonly ended: Promise<EndReason>;
  /** `performance.now()` of the answer; undefined before it. */
  answeredAt: number | undefined;
  endedAt: number | undefined;
  /** re-INVITEs and UPDATEs that the far side sent. */
  farChanges = 0;
  /** The far side's latest SDP. */
  far: FarStream | undefined;
  /** INFO, MESSAGE and the like that came inside the dialog. */
  readonly requests: IncomingRequest[] = [];
  /** How an offer in mid-call is answered; a status above 299 refuses it. */
  onOffer: (request: IncomingRequest) => number = () => 200;

  readonly #setup: CallSetup;
  readonly #socket: Socket;
  readonly #answered = deferred<void>();
  readonly #ended = deferred<EndReason>();
  readonly #sessionId: number;
  #version = 1;
  #direction: Direction = "sendrecv";
  #muted = false;
  #offerSent: boolean;
  #socketClosed = false;

  constructor(session: InviteSession, socket: Socket, setup: CallSetup, offerSent: boolean, sessionId: number) {
    this.id = session.id;
    this.session = session;
    this.#socket = socket;
    this.#setup = setup;
    this.#offerSent = offerSent;
    this.#sessionId = sessionId;
    this.answered = this.#answered.promise;
    this.ended = this.#ended.promise;
    this.sender = new RtpSender(socket, setup.source, {
      ssrc: setup.ssrc,
      sequence: setup.ssrc & 0x7fff,
      timestamp: setup.ssrc,
      ...(setup.impair === undefined ? {} : { impair: setup.impair }),
    });
    socket.on("message", (data, from) => this.heard.take(data, `${from.address}:${from.port}`, performance.now()));
    this.#listen();
  }

  /** Local RTP port. */
  get rtpPort(): number {
    return this.#socket.address().port;
  }

  /** How long the call was up, in ms; until now where it still is. */
  get durationMs(): number {
    return this.answeredAt === undefined ? 0 : (this.endedAt ?? performance.now()) - this.answeredAt;
  }

  /** This side of the stream as SDP. */
  offer(direction: Direction = this.#direction): string {
    return writeOffer(this.#own(direction));
  }

  /** UAS: 180. */
  ring(): void {
    this.session.progress(180);
  }

  /** UAS: 183 with SDP; the phone speaks from here on. */
  earlyMedia(o: { readonly reliable?: boolean } = {}): void {
    this.far = readFarStream(this.session.invite.body);
    const body = this.#answerTo(this.far);
    this.#applyMedia();
    this.session.progress(183, {
      body,
      contentType: "application/sdp",
      ...(o.reliable === true ? { reliable: true } : {}),
    });
  }

  /** UAS: 200. Delayed offer: our offer goes out with it. */
  accept(): void {
    const offered = readFarStream(this.session.invite.body.length > 0 ? this.session.invite.body : undefined);
    if (offered !== undefined && commonCodec(this.#setup.codecs, offered) === undefined) {
      this.session.reject(488); // RFC 3261 13.3.1.3
      return;
    }
    this.far = offered ?? this.far;
    const body = offered === undefined ? this.offer() : this.#answerTo(offered);
    if (offered === undefined) this.#offerSent = true;
    this.session.accept({ body, contentType: "application/sdp" });
    this.#up();
  }

  /** UAS: a final refusal. */
  reject(status: number): void {
    this.session.reject(status);
  }

  /** Puts the far side on hold by re-INVITE. */
  hold(direction: "sendonly" | "inactive" = "sendonly"): Promise<SipResponse> {
    return this.change(direction);
  }

  /** Takes the far side back. */
  resume(): Promise<SipResponse> {
    return this.change("sendrecv");
  }

  /** Sends an offer with this direction by re-INVITE or UPDATE and takes the answer. */
  async change(direction: Direction, method: "INVITE" | "UPDATE" = "INVITE"): Promise<SipResponse> {
    this.#version += 1;
    const o = { body: this.offer(direction), contentType: "application/sdp" };
    const response = await (method === "INVITE" ? this.session.reinvite(o) : this.session.update(o));
    if (response.status < 300) {
      this.#direction = direction;
      this.far = readFarStream(response.body) ?? this.far;
      this.#applyMedia();
    }
    return response;
  }

  /** Plays something else from now on. */
  play(source: AudioSource): void {
    this.sender.play(source);
  }

  /** Sends nothing although the call is up. */
  mute(muted: boolean): void {
    this.#muted = muted;
    this.#applyMedia();
  }

  /** RFC 4733 digits, one after another. */
  async digits(digits: string, ms = 120): Promise<void> {
    for (const digit of digits) await this.sender.digit(digit, ms);
  }

  /** UAC: gives up before the answer. */
  cancel(): void {
    this.session.cancel();
  }

  /** Ends the call whatever its state. */
  async bye(): Promise<void> {
    await this.session.bye();
  }

  /** Ends the call without waiting, and closes the RTP port. */
  close(): void {
    if (this.session.state !== "ended") this.session.terminate();
    this.#closeMedia();
  }

  #own(direction: Direction): OwnStream {
    return {
      host: this.#setup.host,
      port: this.#socket.address().port,
      codecs: this.#setup.codecs,
      direction,
      version: this.#version,
      sessionId: this.#sessionId,
      events: true,
      ...(this.#setup.extraSdp === undefined ? {} : { extra: this.#setup.extraSdp }),
    };
  }

  #answerTo(far: FarStream | undefined): string {
    if (far === undefined) return this.offer();
    this.#direction = answerDirection(far.direction);
    const common = commonCodec(this.#setup.codecs, far);
    const codecs = common === undefined ? this.#setup.codecs : [common.name];
    return writeAnswer({ ...this.#own(this.#direction), codecs }, far);
  }

  #listen(): void {
    const { session } = this;
    session.on("progress", ({ response, reliable }) => {
      this.progress.push(response.status);
      const far = readFarStream(response.body.length > 0 ? response.body : undefined);
      if (far === undefined) return;
      this.far = far;
      if (!this.#offerSent && reliable) {
        this.#offerSent = true;
        session.prack(this.#answerTo(far), "application/sdp");
      }
      this.#applyMedia();
    });
    session.on("accepted", (response) => {
      this.far = readFarStream(response.body.length > 0 ? response.body : undefined) ?? this.far;
      if (!this.#offerSent) session.ack(this.#answerTo(this.far), "application/sdp");
      this.#up();
    });
    session.on("rejected", (response) => {
      this.#answered.reject(new CallRefused(response.status, response.reason, response));
    });
    session.on("acked", (ack) => {
      if (ack.body.length > 0) this.far = readFarStream(ack.body) ?? this.far;
      this.#applyMedia();
    });
    session.on("reinvite", (request) => this.#changed(request));
    session.on("update", (request) => this.#changed(request));
    session.on("request", (request) => {
      this.requests.push(request);
      request.respond(200);
    });
    session.on("ended", (reason) => {
      this.endedAt = performance.now();
      this.#answered.reject(new CallRefused(0, `ended by ${reason.by}`, reason.response));
      this.#closeMedia();
      this.#ended.resolve(reason);
    });
  }

  #changed(request: IncomingRequest): void {
    this.farChanges += 1;
    const status = this.onOffer(request);
    if (status >= 300) {
      request.respond(status);
      return;
    }
    const offered = readFarStream(request.request.body.length > 0 ? request.request.body : undefined);
    this.#version += 1;
    if (offered === undefined) {
      if (request.request.method === "UPDATE") {
        request.respond(200); // a session refresh
        return;
      }
      request.onAck = (ack) => {
        this.far = readFarStream(ack.body) ?? this.far;
        this.#applyMedia();
      };
      request.respond(200, { body: this.offer("sendrecv"), contentType: "application/sdp" });
      return;
    }
    this.far = offered;
    const body = this.#answerTo(offered);
    request.respond(200, { body, contentType: "application/sdp" });
    this.#applyMedia();
  }

  #up(): void {
    this.answeredAt ??= performance.now();
    this.#applyMedia();
    this.#answered.resolve();
  }

  #applyMedia(): void {
    const { far } = this;
    if (far === undefined || !this.#setup.media || this.#socketClosed) return;
    const codec = commonCodec(this.#setup.codecs, far);
    const farHears = far.direction === "sendrecv" || far.direction === "recvonly";
    const weSpeak = this.#direction === "sendrecv" || this.#direction === "sendonly";
    const companding = codec?.name === "PCMU" || codec?.name === "PCMA" ? codec.name : undefined;
    if (codec === undefined || companding === undefined || far.port === 0 || far.host === "0.0.0.0") {
      this.sender.setActive(false);
      return;
    }
    this.sender.setActive(farHears && weSpeak && !this.#muted);
    this.sender.sendTo({
      host: far.host,
      port: far.port,
      payloadType: codec.payloadType,
      codec: companding,
      eventPayloadType: far.eventPayloadType,
    });
  }

  #closeMedia(): void {
    if (this.#socketClosed) return;
    this.#socketClosed = true;
    this.sender.close();
    this.#socket.close();
  }
}

/** Opens an even UDP port in `range` on `host`. */
export async function openRtpSocket(host: string, range: readonly [number, number]): Promise<Socket> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const [low, high] = range;
    const port = low + 2 * Math.floor((Math.random() * (high - low)) / 2);
    const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
    const bound = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind(port, host, () => resolve(true));
    });
    if (bound) return socket;
    socket.close();
  }
  throw new Error(`no free RTP port between ${range[0]} and ${range[1]} on ${host}`);
}

/** What a call plays when nobody said anything. */
export const defaultSource: AudioSource = quiet;
