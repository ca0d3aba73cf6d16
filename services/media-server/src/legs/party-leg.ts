import { errorText, fail, type Logger, ok, type Result, SidetoneError } from "@sidetone/foundation";
import type { IncomingRequest, InviteSession, SipRequest } from "@sidetone/sip";
import type { LegSettings, MediaEngine, OpenedLeg } from "../media/index.ts";
import { answerLeg, type LocalMedia, offerLeg, readLegAnswer, type Unacceptable } from "./leg-sdp.ts";
import type { LegUri } from "./request-uri.ts";

/** What a leg is given. */
export interface PartyLegOptions {
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly session: InviteSession;
  readonly opened: OpenedLeg;
  readonly uri: LegUri;
  /** Digits; the `o=` line's session id. */
  readonly sdpId: string;
  /** What its phone sends and hears was negotiated. */
  readonly configured: () => void;
}

/** A party's dialog and its sockets: `conn:<tag>`. Offers on it are answered one after another. */
export class PartyLeg {
  readonly tag: string;
  readonly uri: LegUri;
  readonly session: InviteSession;
  /** The engine's number. */
  readonly engineLeg: number;
  /** `clock.now()` when the engine last said that nothing comes. */
  silentAt: number | undefined;
  readonly #o: PartyLegOptions;
  #version = 1;
  #lastSdp: string | undefined;
  #settings: LegSettings | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: PartyLegOptions) {
    this.#o = options;
    this.session = options.session;
    this.tag = options.session.localTag;
    this.uri = options.uri;
    this.engineLeg = options.opened.leg;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As negotiated last; undefined before. */
  get settings(): LegSettings | undefined {
    return this.#settings;
  }

  /** Answers the first INVITE. */
  async begin(invite: SipRequest): Promise<Result<string, Unacceptable>> {
    if (invite.body.length > 0) return this.#answer(invite.body, true);
    this.session.on("acked", (ack) => this.#takeAnswer(ack));
    // Codec and payload type stand until the answer is here.
    await this.#configure({ codec: "PCMU", payloadType: 0, sendToPhone: false, receiveFromPhone: true });
    return ok(this.#offer());
  }

  /** Re-INVITE and UPDATE: same address, same ports. */
  reoffered(incoming: IncomingRequest): void {
    this.#queue = this.#queue
      .then(() => this.#reoffered(incoming))
      .catch((error: unknown) => {
        this.#o.log.error({ conn: this.tag, error: errorText(error) }, "re-INVITE not answered properly");
        incoming.respond(500);
      });
  }

  /** Closes the sockets. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#o.engine.closeLeg(this.engineLeg);
    } catch (error) {
      this.#o.log.debug({ conn: this.tag, error: errorText(error) }, "leg was closed already");
    }
  }

  async #reoffered(incoming: IncomingRequest): Promise<void> {
    const { body, method } = incoming.request;
    if (this.#closed) return incoming.respond(481);
    if (body.length === 0) {
      if (method === "UPDATE") return incoming.respond(200);
      incoming.onAck = (ack) => this.#takeAnswer(ack);
      return incoming.respond(200, { body: this.#offer(), contentType: "application/sdp" });
    }
    const answer = await this.#answer(body, false);
    if (answer.ok) return incoming.respond(200, { body: answer.value, contentType: "application/sdp" });
    incoming.respond(answer.error.status, { reason: answer.error.reason });
  }

  async #answer(offer: Buffer, first: boolean): Promise<Result<string, Unacceptable>> {
    const same = answerLeg(offer, this.#local(this.#version), first);
    if (!same.ok) return fail(same.error);
    // RFC 3264 8: the version rises where the description differs.
    const changed = this.#lastSdp !== undefined && this.#lastSdp !== same.value.sdp;
    const next = changed ? answerLeg(offer, this.#local(this.#version + 1), first) : same;
    if (!next.ok) return fail(next.error);
    try {
      await this.#configure(next.value.settings);
    } catch (error) {
      if (!(error instanceof SidetoneError) || error.code !== "bad-address") throw error;
      return fail({ status: 488, reason: "Media Address Not Usable" });
    }
    if (changed) this.#version += 1;
    this.#lastSdp = next.value.sdp;
    return ok(next.value.sdp);
  }

  #offer(): string {
    const offer = offerLeg(this.#local(this.#version));
    if (this.#lastSdp !== undefined && this.#lastSdp !== offer) {
      this.#version += 1;
      this.#lastSdp = offerLeg(this.#local(this.#version));
    } else this.#lastSdp = offer;
    return this.#lastSdp;
  }

  #takeAnswer(ack: SipRequest): void {
    if (ack.body.length === 0) return;
    const settings = readLegAnswer(ack.body);
    if (!settings.ok) {
      this.#o.log.warn({ conn: this.tag, error: settings.error }, "answer in ACK not usable");
      return;
    }
    this.#configure(settings.value).catch((error: unknown) => {
      this.#o.log.warn({ conn: this.tag, error: errorText(error) }, "leg not configured");
    });
  }

  async #configure(settings: LegSettings): Promise<void> {
    await this.#o.engine.configureLeg(this.engineLeg, settings);
    this.#settings = settings;
    this.#o.configured();
  }

  #local(version: number): LocalMedia {
    const { address, rtpPort: port, rtcpPort } = this.#o.opened;
    return { address, port, rtcpPort, sessionId: this.#o.sdpId, version };
  }
}
