import { randomInt } from "node:crypto";
import { type Logger, silentLogger, systemClock } from "@sidetone/foundation";
import { type DestId, type PacketBatch, type PacketIO, createPacketIO, type SocketId } from "@sidetone/rtp";
import { nameAddr, parseUri, type NameAddr, type ServerTransaction, SipEndpoint } from "@sidetone/sip";
import type { Direction } from "../phone-sdp.ts";
import { ArrivalLog, type Arrivals } from "./arrivals.ts";
import { type CallNote, LoadCall } from "./load-call.ts";
import { FRAME_OCTETS, numberOf, readBlock, speakerOf, writeFrame } from "./numbered-frame.ts";

/** Phones of a load. */
export interface LoadOptions {
  /** Address of all phones. */
  readonly host: string;
  /** SIP port of all phones; 0 takes any. */
  readonly sipPort: number;
  /** First RTP port; phone `n` has the one `2 n` above. 0: any. */
  readonly rtpPort: number;
  readonly server: { readonly host: string; readonly port: number };
  readonly domain: string;
  /** DN and password of each phone; its place in the list is its number, by which its voice is known. */
  readonly phones: readonly { readonly dn: string; readonly password: string }[];
}

/** What a phone says of its call. */
export interface PhoneState {
  readonly dn: string;
  readonly up: boolean;
  readonly registered: boolean;
  /** Where its voice goes. */
  readonly farPort: number | undefined;
  readonly notes: readonly CallNote[];
}

interface Phone {
  readonly number: number;
  readonly dn: string;
  readonly password: string;
  readonly aor: NameAddr;
  readonly socket: SocketId;
  readonly port: number;
  readonly heard: ArrivalLog;
  readonly packet: Uint8Array;
  readonly ssrc: number;
  sequence: number;
  dest: DestId | undefined;
  towards: string;
  call: LoadCall | undefined;
  registered: boolean;
  registerSequence: number;
  muted: boolean;
}

const FRAME_MS = 20;
const HEADER = 12;
/** How often what came is read, ms. The kernel has stamped it. */
const POLL_MS = 40;

/**
 * Many phones on one SIP endpoint, whose voices leave in one timer loop: 100 of them cost a few percent of a core. Every phone says
 * numbered frames of its own and notes each packet that it hears by what is in it.
 */
export class LoadPhones {
  readonly id = "load";
  readonly #o: LoadOptions;
  readonly #endpoint: SipEndpoint;
  readonly #io: PacketIO;
  readonly #phones: Phone[] = [];
  readonly #bySocket = new Map<SocketId, Phone>();
  readonly #byDn = new Map<string, Phone>();
  /** Wall clock of each frame's sending, µs: all phones speak at once. */
  #sentAt = new Float64Array(8192);
  #frame = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #port = 0;
  #closed = false;

  private constructor(o: LoadOptions, log: Logger) {
    this.#o = o;
    this.#endpoint = new SipEndpoint({
      clock: systemClock,
      log,
      userAgent: "Sidetone load phones",
      sessionTimer: { expires: 1800, minSe: 90 },
    });
    this.#endpoint.onRequest = (tx) => this.#incoming(tx);
    this.#io = createPacketIO({ kind: "auto", log, pollMs: POLL_MS });
    this.#io.onBatch = (batch) => this.#heard(batch);
  }

  /** Opens all ports and begins to speak into the void. */
  static async open(o: LoadOptions, log: Logger = silentLogger): Promise<LoadPhones> {
    const load = new LoadPhones(o, log);
    load.#port = (await load.#endpoint.listen({ transport: "udp", host: o.host, port: o.sipPort })).port;
    for (const [number, { dn, password }] of o.phones.entries()) load.#add(number, dn, password);
    load.#io.run();
    load.#startedAt = performance.now();
    load.#tick();
    return load;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** SIP port of all phones. */
  get port(): number {
    return this.#port;
  }

  /** Registers phones, `atOnce` at a time; gives the DNs that got something else than 200. */
  async register(dns: readonly string[] = this.#o.phones.map(({ dn }) => dn), expires = 3600): Promise<string[]> {
    const refused: string[] = [];
    for (const dn of dns) {
      const phone = this.#of(dn);
      const status = await this.#register(phone, expires);
      phone.registered = status === 200 && expires > 0;
      if (status !== 200) refused.push(`${dn}: ${status}`);
    }
    return refused;
  }

  /** One phone calls a DN or URI; resolves with 200 when its call is up, or the status of the refusal (0: none in `patienceMs`). */
  call(from: string, target: string, patienceMs = 10_000): Promise<number> {
    const phone = this.#of(from);
    const sessionId = randomInt(2 ** 31);
    const session = this.#endpoint.invite({
      uri: `sip:${target}@${this.#o.domain}`,
      to: { transport: "udp", ...this.#o.server },
      from: phone.aor,
      contactUser: phone.dn,
      body: LoadCall.offer(this.#o.host, phone.port, sessionId),
      contentType: "application/sdp",
      credentials: { username: phone.dn, password: phone.password },
    });
    this.#take(phone, new LoadCall(session, this.#own(phone, sessionId)));
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        if (session.state !== "confirmed") session.terminate();
        resolve(0);
      }, patienceMs);
      const done = (status: number): void => {
        clearTimeout(late);
        resolve(status);
      };
      session.on("accepted", () => done(200));
      session.on("rejected", (response) => done(response.status));
      session.on("ended", () => done(0));
    });
  }

  /** re-INVITE of a phone with this direction: `sendonly` holds the other one. */
  change(dn: string, direction: Direction): Promise<number> {
    const { call } = this.#of(dn);
    return call === undefined ? Promise.resolve(0) : call.change(direction);
  }

  /** A phone hangs up; the status of its BYE, 0 where there was no call. */
  bye(dn: string): Promise<number> {
    const { call } = this.#of(dn);
    if (call === undefined || call.ended !== undefined) return Promise.resolve(0);
    return new Promise((resolve) => {
      void call.session.bye({ onAnswer: (response) => resolve(response.status) });
    });
  }

  /** A phone that is mute sends nothing, though its call is up. */
  mute(dn: string, muted: boolean): void {
    this.#of(dn).muted = muted;
  }

  /** Every phone, in order. */
  states(): PhoneState[] {
    return this.#phones.map(({ dn, call, registered }) => ({
      dn,
      up: call?.up ?? false,
      registered,
      farPort: call?.up === true ? call.far?.port : undefined,
      notes: call?.notes ?? [],
    }));
  }

  /** What a phone heard since an instant (wall clock, µs). */
  arrivals(dn: string, sinceMicros = 0): Arrivals {
    return this.#of(dn).heard.since(sinceMicros);
  }

  /** When each frame was sent, wall clock µs: the index is the frame's number. */
  sentAt(): Float64Array {
    return this.#sentAt.slice(0, this.#frame);
  }

  /** Ends without a word. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#io.shutdown();
    await this.#endpoint.close();
  }

  #of(dn: string): Phone {
    const phone = this.#byDn.get(dn);
    if (phone === undefined) throw new Error(`no phone ${dn}`);
    return phone;
  }

  #add(number: number, dn: string, password: string): void {
    const uri = parseUri(`sip:${dn}@${this.#o.domain}`);
    if (!uri.ok) throw new Error(`no DN: ${dn}`);
    const socket = this.#io.open({
      address: this.#o.host,
      port: this.#o.rtpPort === 0 ? 0 : this.#o.rtpPort + 2 * number,
      receiveBuffer: 1 << 18,
      mode: "poll",
    });
    const packet = new Uint8Array(HEADER + FRAME_OCTETS);
    const phone: Phone = {
      number,
      dn,
      password,
      aor: nameAddr(uri.value),
      socket,
      port: this.#io.localPort(socket),
      heard: new ArrivalLog(),
      packet,
      ssrc: randomInt(2 ** 32 - 1),
      sequence: randomInt(2 ** 15),
      dest: undefined,
      towards: "",
      call: undefined,
      registered: false,
      registerSequence: 0,
      muted: false,
    };
    packet[0] = 0x80;
    new DataView(packet.buffer).setUint32(8, phone.ssrc);
    this.#phones.push(phone);
    this.#bySocket.set(socket, phone);
    this.#byDn.set(dn, phone);
  }

  #own(phone: Phone, sessionId: number): ConstructorParameters<typeof LoadCall>[1] {
    return { host: this.#o.host, port: phone.port, sessionId, micros: () => systemClock.wallMicros() };
  }

  #take(phone: Phone, call: LoadCall): void {
    phone.call = call;
    call.onMedia = () => this.#aim(phone);
  }

  /** Where a phone's voice goes from now on. */
  #aim(phone: Phone): void {
    const to = phone.call?.towards;
    const towards = to === undefined ? "" : `${to.host}:${to.port}`;
    if (towards === phone.towards) return;
    if (phone.dest !== undefined) this.#io.freeDest(phone.dest);
    phone.towards = towards;
    phone.dest = to === undefined ? undefined : this.#io.dest(to.host, to.port);
  }

  #register(phone: Phone, expires: number): Promise<number> {
    phone.registerSequence += 2; // the answer to a challenge takes the next one
    const request = this.#endpoint.newRequest("REGISTER", {
      uri: `sip:${this.#o.domain}`,
      to: phone.aor,
      from: phone.aor,
      callId: `load-${phone.ssrc.toString(36)}`,
      cseq: phone.registerSequence,
      headers: [
        ["Contact", `<sip:${phone.dn}@${this.#o.host}:${this.#port}>`],
        ["Expires", String(expires)],
      ],
    });
    return new Promise((resolve) => {
      this.#endpoint.request(
        request,
        { transport: "udp", ...this.#o.server },
        {
          onFinal: ({ status }) => resolve(status),
          onFailure: () => resolve(408),
          credentials: { username: phone.dn, password: phone.password },
        },
      );
    });
  }

  #incoming(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method === "OPTIONS") return tx.respond(200);
    if (request.method !== "INVITE") return tx.respond(405);
    const phone = this.#byDn.get(/^sips?:([^@]+)@/.exec(request.uri.slice(0, 200))?.[1] ?? "");
    if (phone === undefined) return tx.respond(404);
    if (phone.call !== undefined && phone.call.ended === undefined) return tx.respond(486);
    const session = this.#endpoint.accept(tx, { contactUser: phone.dn });
    const call = new LoadCall(session, this.#own(phone, randomInt(2 ** 31)));
    this.#take(phone, call);
    call.answer();
  }

  #tick(): void {
    if (this.#closed) return;
    // A stall of this thread is caught up in one go: a phone's clock does not stop.
    while (this.#startedAt + this.#frame * FRAME_MS <= performance.now()) this.#speak();
    this.#timer = setTimeout(
      () => this.#tick(),
      Math.max(0, this.#startedAt + this.#frame * FRAME_MS - performance.now()),
    );
  }

  #speak(): void {
    const number = this.#frame;
    if (number >= this.#sentAt.length) {
      const longer = new Float64Array(2 * this.#sentAt.length);
      longer.set(this.#sentAt);
      this.#sentAt = longer;
    }
    this.#sentAt[number] = systemClock.wallMicros();
    this.#frame += 1;
    const timestamp = (number * FRAME_OCTETS) >>> 0;
    for (const phone of this.#phones) {
      if (phone.dest === undefined || phone.muted) continue;
      const { packet } = phone;
      packet[2] = phone.sequence >> 8;
      packet[3] = phone.sequence & 0xff;
      packet[4] = timestamp >>> 24;
      packet[5] = (timestamp >> 16) & 0xff;
      packet[6] = (timestamp >> 8) & 0xff;
      packet[7] = timestamp & 0xff;
      phone.sequence = (phone.sequence + 1) & 0xffff;
      writeFrame(packet, HEADER, phone.number, number);
      this.#io.queue(phone.socket, phone.dest, packet, 0, packet.length);
    }
    this.#io.flush();
  }

  #heard(batch: PacketBatch): void {
    for (let n = 0; n < batch.count; n += 1) {
      const phone = this.#bySocket.get(batch.socket[n] ?? -1);
      const start = batch.offset[n] ?? 0;
      const length = batch.length[n] ?? 0;
      const type = (batch.data[start + 1] ?? 0) & 0x7f;
      if (phone === undefined || length < HEADER || (type >= 64 && type <= 95)) continue; // RFC 5761 4: RTCP
      const block = length >= HEADER + FRAME_OCTETS ? readBlock(batch.data, start + HEADER) : -1;
      const ssrc = new DataView(batch.data.buffer, batch.data.byteOffset + start + 8, 4).getUint32(0);
      phone.heard.add(
        batch.arrivalMicros[n] ?? 0,
        block < 0 ? -1 : speakerOf(block),
        block < 0 ? 0 : numberOf(block),
        batch.sourcePort[n] ?? 0,
        ssrc,
      );
    }
  }
}
