import type { EndReason, IncomingRequest, InviteSession, SipMessage } from "@sidetone/sip";
import {
  answerDirection,
  commonCodec,
  type Direction,
  type FarStream,
  readFarStream,
  writeAnswer,
  writeOffer,
} from "../phone-sdp.ts";

/** What a phone of the load saw of its call. */
export interface CallNote {
  readonly atMicros: number;
  readonly what: "answered" | "offer" | "ended" | "refused";
  /** Direction of an offer, who ended, status of a refusal. */
  readonly detail: string;
}

/** Where the phone's voice goes; undefined while it must not speak. */
export interface Towards {
  readonly host: string;
  readonly port: number;
}

/** Signalling of one call of one phone: µ-law, one stream, every change of the far side followed at once. Its voice is the load's. */
export class LoadCall {
  readonly session: InviteSession;
  readonly notes: CallNote[] = [];
  /** The far side's latest SDP. */
  far: FarStream | undefined;
  up = false;
  ended: EndReason | undefined;
  /** Called whenever where the voice goes may have changed. */
  onMedia: () => void = () => undefined;
  readonly #host: string;
  readonly #port: number;
  readonly #sessionId: number;
  readonly #micros: () => number;
  #version = 1;
  #direction: Direction = "sendrecv";

  constructor(session: InviteSession, o: { host: string; port: number; sessionId: number; micros: () => number }) {
    this.session = session;
    this.#host = o.host;
    this.#port = o.port;
    this.#sessionId = o.sessionId;
    this.#micros = o.micros;
    this.#listen();
  }

  /** Offer of a phone that calls. */
  static offer(host: string, port: number, sessionId: number): string {
    return writeOffer({ host, port, codecs: ["PCMU"], direction: "sendrecv", version: 1, sessionId, events: true });
  }

  get towards(): Towards | undefined {
    const { far } = this;
    if (!this.up || far === undefined || far.port === 0 || far.host === "0.0.0.0") return undefined;
    const hears = far.direction === "sendrecv" || far.direction === "recvonly";
    const speaks = this.#direction === "sendrecv" || this.#direction === "sendonly";
    return hears && speaks ? { host: far.host, port: far.port } : undefined;
  }

  /** UAS: 180, then 200. */
  answer(): void {
    const offered = readFarStream(this.session.invite.body.length > 0 ? this.session.invite.body : undefined);
    this.session.progress(180);
    this.far = offered;
    const body = offered === undefined ? this.#own(this.#direction) : this.#answerTo(offered);
    this.session.accept({ body, contentType: "application/sdp" });
    this.#isUp();
  }

  /** re-INVITE with this direction; the status it got. */
  async change(direction: Direction): Promise<number> {
    this.#version += 1;
    const response = await this.session.reinvite({ body: this.#own(direction), contentType: "application/sdp" });
    if (response.status < 300) {
      this.#direction = direction;
      this.#take(response);
    }
    return response.status;
  }

  #own(direction: Direction): string {
    return writeOffer({ ...this.#stream(direction), events: true });
  }

  #stream(direction: Direction): Parameters<typeof writeOffer>[0] {
    return {
      host: this.#host,
      port: this.#port,
      codecs: ["PCMU"],
      direction,
      version: this.#version,
      sessionId: this.#sessionId,
      events: true,
    };
  }

  #answerTo(far: FarStream): string {
    this.#direction = answerDirection(far.direction);
    return writeAnswer(this.#stream(this.#direction), far);
  }

  #take(message: Pick<SipMessage, "body">): void {
    this.far = readFarStream(message.body.length > 0 ? message.body : undefined) ?? this.far;
    this.onMedia();
  }

  #note(what: CallNote["what"], detail: string): void {
    this.notes.push({ atMicros: this.#micros(), what, detail });
  }

  #isUp(): void {
    this.up = true;
    this.#note("answered", "");
    this.onMedia();
  }

  #listen(): void {
    const { session } = this;
    session.on("progress", ({ response }) => this.#take(response));
    session.on("accepted", (response) => {
      this.#take(response);
      this.#isUp();
    });
    session.on("rejected", (response) => this.#note("refused", `${response.status} ${response.reason}`));
    session.on("acked", (ack) => {
      this.far = readFarStream(ack.body.length > 0 ? ack.body : undefined) ?? this.far;
      this.onMedia();
    });
    session.on("reinvite", (request) => this.#changed(request));
    session.on("update", (request) => this.#changed(request));
    session.on("request", (request) => request.respond(200));
    session.on("ended", (reason) => {
      this.ended = reason;
      this.up = false;
      this.#note("ended", reason.by);
      this.onMedia();
    });
  }

  #changed(request: IncomingRequest): void {
    const { body, method } = request.request;
    const offered = readFarStream(body.length > 0 ? body : undefined);
    this.#note("offer", offered === undefined ? "none" : `${offered.direction} ${offered.host}:${offered.port}`);
    if (offered === undefined && method === "UPDATE") {
      request.respond(200); // a session refresh
      return;
    }
    if (offered !== undefined && commonCodec(["PCMU"], offered) === undefined) {
      request.respond(488);
      return;
    }
    this.#version += 1;
    if (offered === undefined) {
      request.onAck = (ack) => this.#take(ack);
      request.respond(200, { body: this.#own("sendrecv"), contentType: "application/sdp" });
      return;
    }
    this.far = offered;
    request.respond(200, { body: this.#answerTo(offered), contentType: "application/sdp" });
    this.onMedia();
  }
}
