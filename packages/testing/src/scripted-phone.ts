import { randomInt } from "node:crypto";
import { type Logger, silentLogger, systemClock } from "@sidetone/foundation";
import {
  type JournalEntry,
  type NameAddr,
  type Network,
  type ServerTransaction,
  parseNameAddr,
  SipEndpoint,
  type SipResponse,
  type SipTransport,
  type TimerBases,
} from "@sidetone/sip";
import type { AudioSource } from "./audio-source.ts";
import type { Impairment } from "./rtp-sender.ts";
import type { PhoneCodec } from "./phone-sdp.ts";
import { type CallSetup, defaultSource, openRtpSocket, ScriptedCall } from "./scripted-call.ts";
import { writeOffer } from "./phone-sdp.ts";

/** What a phone does with an incoming call. */
export type Answering =
  /** 180, then 200 after `afterMs` (default at once); `early`: 183 with SDP first, and sound from there on. */
  | {
      readonly kind: "answer";
      readonly afterMs?: number;
      readonly ringing?: boolean;
      readonly early?: boolean;
      readonly reliable?: boolean;
    }
  | { readonly kind: "reject"; readonly status: number; readonly afterMs?: number }
  /** Rings for ever. */
  | { readonly kind: "ring" }
  /** Does nothing: the test takes the call from `nextCall()`. */
  | { readonly kind: "manual" };

export interface PhoneOptions {
  /** DN, user part of the address of record. */
  readonly user: string;
  readonly password?: string;
  /** Host and port of the SIP Server. */
  readonly server: { readonly host: string; readonly port: number };
  /** Default `sidetone.local`. */
  readonly domain?: string;
  readonly transport?: SipTransport;
  readonly host?: string;
  /** Default any free port. */
  readonly port?: number;
  readonly codecs?: readonly PhoneCodec[];
  readonly source?: AudioSource;
  readonly impair?: Impairment;
  readonly answering?: Answering;
  readonly rtpPorts?: readonly [number, number];
  /** False: signalling only. */
  readonly media?: boolean;
  readonly extraSdp?: readonly string[];
  readonly timers?: Partial<TimerBases>;
  readonly supported?: readonly string[];
  readonly log?: Logger;
  /** Sockets of its signalling; default the machine's. */
  readonly network?: Network;
  /** Every SIP frame of the phone. */
  readonly onJournal?: (entry: JournalEntry) => void;
}

export interface CallOptions {
  readonly codecs?: readonly PhoneCodec[];
  readonly source?: AudioSource;
  readonly impair?: Impairment;
  /** True: INVITE without SDP; the offer comes in the 2xx and is answered in the ACK. */
  readonly delayedOffer?: boolean;
  readonly headers?: readonly (readonly [string, string])[];
}

/** A SIP phone without a person: SIP and RTP over real sockets. It plays, records what it hears, and does what the test says. */
export class ScriptedPhone {
  readonly id: string;
  readonly endpoint: SipEndpoint;
  readonly calls: ScriptedCall[] = [];
  /** Changes what the next incoming calls meet. */
  answering: Answering;
  readonly #options: PhoneOptions;
  readonly #waiting: ((call: ScriptedCall) => void)[] = [];
  readonly #unclaimed: ScriptedCall[] = [];
  readonly #callId = `reg-${randomInt(2 ** 47).toString(36)}`;
  #cseq = 0;
  #closed = false;
  #port = 0;

  private constructor(options: PhoneOptions) {
    this.#options = options;
    this.id = options.user;
    this.answering = options.answering ?? { kind: "answer" };
    this.endpoint = new SipEndpoint({
      clock: systemClock,
      log: options.log ?? silentLogger,
      userAgent: "Sidetone scripted phone",
      sessionTimer: { expires: 1800, minSe: 90 },
      ...(options.timers === undefined ? {} : { timers: options.timers }),
      ...(options.supported === undefined ? {} : { supported: options.supported }),
      ...(options.network === undefined ? {} : { network: options.network }),
      ...(options.onJournal === undefined ? {} : { onJournal: options.onJournal }),
    });
    this.endpoint.onRequest = (tx) => this.#incoming(tx);
  }

  /** Opens the phone's SIP port. */
  static async open(options: PhoneOptions): Promise<ScriptedPhone> {
    const phone = new ScriptedPhone(options);
    const bound = await phone.endpoint.listen({
      transport: options.transport ?? "udp",
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
    });
    phone.#port = bound.port;
    return phone;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The phone's own SIP port. */
  get port(): number {
    return this.#port;
  }

  /** Address of record, `sip:7001@sidetone.local`. */
  get aor(): string {
    return `sip:${this.#options.user}@${this.#domain}`;
  }

  /** REGISTER; resolves with the final response (408 where none came). `expires` 0 takes the registration back. */
  register(expires = 300): Promise<SipResponse> {
    this.#cseq += 2; // the answer to a challenge takes the next one
    const { user, password } = this.#options;
    const contact = this.#contact();
    const request = this.endpoint.newRequest("REGISTER", {
      uri: `sip:${this.#domain}`,
      to: `<${this.aor}>`,
      from: `<${this.aor}>;tag=${randomInt(2 ** 32).toString(36)}`,
      callId: this.#callId,
      cseq: this.#cseq,
      headers: [
        ["Contact", `<${contact}>`],
        ["Expires", String(expires)],
      ],
    });
    return new Promise((resolve, reject) => {
      this.endpoint.request(request, this.#towardsServer(), {
        onFinal: resolve,
        onFailure: (why) => reject(new Error(`REGISTER of ${user}: ${why}`)),
        ...(password === undefined ? {} : { credentials: { username: user, password } }),
      });
    });
  }

  /** Registers, and throws unless the answer is 200. */
  async registered(): Promise<this> {
    const response = await this.register();
    if (response.status !== 200) throw new Error(`REGISTER of ${this.id}: ${response.status} ${response.reason}`);
    return this;
  }

  /** Calls a DN or a whole SIP URI. */
  async call(target: string, o: CallOptions = {}): Promise<ScriptedCall> {
    const setup = this.#setup(o);
    const socket = await openRtpSocket(setup.host, this.#rtpPorts);
    const sessionId = randomInt(2 ** 31);
    const uri = target.includes(":") ? target : `sip:${target}@${this.#domain}`;
    const { user, password } = this.#options;
    const offer = writeOffer({
      host: setup.host,
      port: socket.address().port,
      codecs: setup.codecs,
      direction: "sendrecv",
      version: 1,
      sessionId,
      events: true,
      ...(setup.extraSdp === undefined ? {} : { extra: setup.extraSdp }),
    });
    const session = this.endpoint.invite({
      uri,
      to: this.#towardsServer(),
      from: nameAddr(`<${this.aor}>`),
      contactUser: user,
      ...(o.headers === undefined ? {} : { headers: o.headers }),
      ...(o.delayedOffer === true ? {} : { body: offer, contentType: "application/sdp" }),
      ...(password === undefined ? {} : { credentials: { username: user, password } }),
    });
    const call = new ScriptedCall(session, socket, setup, o.delayedOffer !== true, sessionId);
    this.calls.push(call);
    return call;
  }

  /** The next incoming call, also one that came already and was not asked for yet. */
  nextCall(timeoutMs = 5000): Promise<ScriptedCall> {
    const ready = this.#unclaimed.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      const take = (call: ScriptedCall): void => {
        clearTimeout(timer);
        resolve(call);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new Error(`${this.id}: no call within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.push(take);
    });
  }

  /** Hangs up everything and closes all ports. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.calls) call.close();
    await this.endpoint.close();
  }

  get #domain(): string {
    return this.#options.domain ?? "sidetone.local";
  }

  get #rtpPorts(): readonly [number, number] {
    return this.#options.rtpPorts ?? [34_000, 49_998];
  }

  #contact(): string {
    const transport = this.#options.transport ?? "udp";
    const host = this.#options.host ?? "127.0.0.1";
    return `sip:${this.#options.user}@${host}:${this.#port}${transport === "udp" ? "" : `;transport=${transport}`}`;
  }

  #towardsServer(): { transport: SipTransport; host: string; port: number } {
    return { transport: this.#options.transport ?? "udp", ...this.#options.server };
  }

  #setup(o: CallOptions): CallSetup {
    return {
      host: this.#options.host ?? "127.0.0.1",
      codecs: o.codecs ?? this.#options.codecs ?? ["PCMU", "PCMA"],
      source: o.source ?? this.#options.source ?? defaultSource,
      impair: o.impair ?? this.#options.impair,
      ssrc: randomInt(2 ** 32),
      media: this.#options.media ?? true,
      ...(this.#options.extraSdp === undefined ? {} : { extraSdp: this.#options.extraSdp }),
    };
  }

  #incoming(tx: ServerTransaction): void {
    if (tx.request.method === "OPTIONS") tx.respond(200);
    else if (tx.request.method === "INVITE") void this.#takeCall(tx);
    else tx.respond(405, { headers: [["Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK"]] });
  }

  async #takeCall(tx: ServerTransaction): Promise<void> {
    const session = this.endpoint.accept(tx, { contactUser: this.#options.user });
    let gone = false;
    const off = session.on("ended", () => {
      gone = true;
    });
    const setup = this.#setup({});
    const socket = await openRtpSocket(setup.host, this.#rtpPorts);
    off();
    if (gone || this.#closed) {
      socket.close();
      if (!gone) session.reject(480);
      return;
    }
    const offered = tx.request.body.length > 0;
    const call = new ScriptedCall(session, socket, setup, !offered, randomInt(2 ** 31));
    this.calls.push(call);
    this.#follow(call);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#unclaimed.push(call);
    else waiting(call);
  }

  #follow(call: ScriptedCall): void {
    const plan = this.answering;
    switch (plan.kind) {
      case "manual":
        return;
      case "ring":
        call.ring();
        return;
      case "reject":
        this.#later(call, plan.afterMs ?? 0, () => call.reject(plan.status));
        return;
      case "answer":
        if (plan.early === true) call.earlyMedia({ reliable: plan.reliable === true });
        else if (plan.ringing !== false) call.ring();
        this.#later(call, plan.afterMs ?? 0, () => call.accept());
        return;
    }
  }

  #later(call: ScriptedCall, ms: number, run: () => void): void {
    if (ms === 0) {
      run();
      return;
    }
    const timer = setTimeout(() => {
      if (call.session.state !== "ended") run();
    }, ms);
    void call.ended.then(() => clearTimeout(timer));
  }
}

function nameAddr(text: string): NameAddr {
  const parsed = parseNameAddr(text);
  if (!parsed.ok) throw new Error(`not an address: ${text}`);
  return parsed.value;
}
