import { silentLogger, systemClock } from "@sidetone/foundation";
import { type InviteSession, nameAddr, parseUri, type ServerTransaction, SipEndpoint } from "@sidetone/sip";
import { Samples } from "../tlib-fanout/figures.ts";
import type { Subject } from "./subjects.ts";

const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n" +
  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
/** How long an answered call stays up, ms. */
const TALK_MS = 200;
/** A call that is not answered by then has failed, ms. */
const PATIENCE_MS = 10_000;

/** What a run was. Times are µs between the two ends: p50 and p99. */
export interface Run {
  readonly invite: readonly [number, number];
  readonly ringing: readonly [number, number];
  readonly answer: readonly [number, number];
  readonly failed: number;
}

const micros = (): number => performance.now() * 1000;

/** Both ends of the calls, in this process: a gateway that calls, and an agent's phone that answers. */
export class Ends {
  readonly gateway: SipEndpoint;
  readonly phone: SipEndpoint;
  gatewayPort = 0;
  phonePort = 0;
  readonly #invite = new Samples();
  readonly #ringing = new Samples();
  readonly #answer = new Samples();
  /** When what is measured left its sender, by the call's number. */
  readonly #sent = new Map<string, { invite: number; ringing: number; answer: number }>();
  #number = 0;

  private constructor() {
    const make = (): SipEndpoint =>
      new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "Bench", sessionTimer: false });
    this.gateway = make();
    this.phone = make();
    this.phone.onRequest = (tx) => this.#take(tx);
    this.gateway.onRequest = (tx) => tx.respond(tx.request.method === "OPTIONS" ? 200 : 405);
  }

  static async open(): Promise<Ends> {
    const ends = new Ends();
    ends.gatewayPort = (await ends.gateway.listen({ transport: "udp", host: "127.0.0.1", port: 0 })).port;
    ends.phonePort = (await ends.phone.listen({ transport: "udp", host: "127.0.0.1", port: 0 })).port;
    return ends;
  }

  /** Calls at a steady rate; resolves when the last one is over. */
  async run(subject: Subject, o: { readonly calls: number; readonly rate: number }): Promise<Run> {
    for (const samples of [this.#invite, this.#ringing, this.#answer]) samples.take();
    let failed = 0;
    const going: Promise<void>[] = [];
    const from = performance.now();
    for (let n = 0; n < o.calls; n += 1) {
      const due = from + (n * 1000) / o.rate;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      going.push(
        this.#call(subject, TALK_MS).then(async (session) => {
          if (session === undefined) failed += 1;
          await session?.bye();
        }),
      );
    }
    await Promise.all(going);
    const [invite, ringing, answer] = [this.#invite.take(), this.#ringing.take(), this.#answer.take()];
    return {
      invite: [invite.p50, invite.p99],
      ringing: [ringing.p50, ringing.p99],
      answer: [answer.p50, answer.p99],
      failed,
    };
  }

  /** Brings calls up that stay; gives the way to end them. */
  async hold(subject: Subject, calls: number, rate: number): Promise<() => Promise<void>> {
    const up: (InviteSession | undefined)[] = [];
    for (let n = 0; n < calls; n += 1) {
      up.push(await this.#call(subject, 0));
      await new Promise((resolve) => setTimeout(resolve, 1000 / rate));
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return async () => {
      await Promise.all(up.flatMap((session) => (session === undefined ? [] : [session.bye()])));
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.gateway.close(), this.phone.close()]);
  }

  #call(subject: Subject, talkMs: number): Promise<InviteSession | undefined> {
    this.#number += 1;
    const number = String(this.#number);
    const uri = `sip:${subject.dialled}@127.0.0.1:${subject.port}`;
    const own = parseUri(`sip:+1555${number}@127.0.0.1`);
    if (!own.ok) throw new Error(own.error);
    const times = { invite: micros(), ringing: 0, answer: 0 };
    this.#sent.set(`+1555${number}`, times);
    return new Promise((resolve) => {
      const done = (session: InviteSession | undefined): void => {
        clearTimeout(late);
        this.#sent.delete(`+1555${number}`);
        resolve(session);
      };
      const session = this.gateway.invite({
        uri,
        to: { uri },
        from: nameAddr(own.value),
        body: sdp,
        contentType: "application/sdp",
      });
      const late = setTimeout(() => {
        session.terminate();
        done(undefined);
      }, PATIENCE_MS);
      session.on("progress", ({ response }) => {
        if (response.status === 180 && times.ringing > 0) this.#ringing.add(micros() - times.ringing);
      });
      session.on("accepted", () => {
        this.#answer.add(micros() - times.answer);
        setTimeout(() => done(session), talkMs);
      });
      session.on("rejected", () => done(undefined));
    });
  }

  #take(tx: ServerTransaction): void {
    if (tx.request.method !== "INVITE") return tx.respond(tx.request.method === "OPTIONS" ? 200 : 405);
    const times = this.#sent.get(decodeURIComponent(tx.request.from?.uri.user ?? ""));
    const session = this.phone.accept(tx, {});
    session.on("reinvite", (incoming) => incoming.respond(200, { body: sdp, contentType: "application/sdp" }));
    if (times !== undefined) {
      this.#invite.add(micros() - times.invite);
      times.ringing = micros();
    }
    session.progress(180);
    setTimeout(() => {
      if (times !== undefined) times.answer = micros();
      session.accept({ body: sdp, contentType: "application/sdp" });
    }, 20);
  }
}
