import assert from "node:assert/strict";
import type { DnConfig, SipServerConfig } from "@sidetone/config";
import { type IncomingRequest, type InviteSession, parseUri, type SipEndpoint } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import { hear, type Heard } from "../call-model/model-check/automaton.ts";
import { eventsOfEffects } from "../t-library/events-of-effects.ts";
import type { Outcome } from "../t-library/switch.ts";
import { CallRig, phoneSdp } from "./call-rig.ts";

const wayOf = (sdp: string): string => /a=(sendrecv|inactive|sendonly|recvonly)/.exec(sdp)?.[1] ?? "sendrecv";
const portOf = (sdp: string): string => /m=audio (\d+)/.exec(sdp)?.[1] ?? "-";

/** A DN of a scene, and what its phone can do. */
export interface SceneDn extends Partial<DnConfig> {
  readonly awareOfRecording?: boolean;
}

/** A phone of a scene: answers by itself unless told otherwise, and knows where it was told to send. */
export class ScenePhone {
  readonly dn: string;
  readonly port: number;
  readonly endpoint: SipEndpoint;
  readonly sessions: InviteSession[] = [];
  /** `message/sipfrag` bodies of NOTIFY. */
  readonly told: string[] = [];
  answering = true;
  /** It does not even say that it rings. */
  silent = false;
  /** Status with which it refuses calls. */
  refusing: number | undefined;
  /** Status with which it refuses re-INVITEs. */
  refusingOffers: number | undefined;
  /** Told of every SDP that the phone gets. */
  onSdp: (sdp: string, method: string) => void = () => undefined;
  #hears = "- nothing";

  constructor(dn: string, port: number, endpoint: SipEndpoint) {
    this.dn = dn;
    this.port = port;
    this.endpoint = endpoint;
    endpoint.onRequest = (tx) => {
      if (this.refusing !== undefined) return tx.respond(this.refusing);
      const session = endpoint.accept(tx, {});
      this.#note(tx.request.body.toString());
      this.serve(session);
      if (!this.silent) session.progress(180);
      if (this.answering) this.answer(session);
    };
  }

  /** Port and direction that it was told last. */
  get hears(): string {
    return this.#hears;
  }

  /** Its dialogs that are up. */
  get up(): readonly InviteSession[] {
    return this.sessions.filter(({ state }) => state === "confirmed");
  }

  answer(session: InviteSession | undefined = this.sessions.at(-1)): void {
    session?.accept({ body: phoneSdp(this.port), contentType: "application/sdp" });
  }

  hangUp(session: InviteSession | undefined = this.up.at(-1)): void {
    session?.terminate();
  }

  serve(session: InviteSession): void {
    this.sessions.push(session);
    session.on("accepted", (response) => this.#note(response.body.toString()));
    session.on("reinvite", (incoming) => this.#offered(incoming));
    session.on("update", (incoming) => this.#offered(incoming));
    session.on("request", (incoming) => {
      this.told.push(incoming.request.body.toString().trim());
      incoming.respond(200);
    });
  }

  #offered(incoming: IncomingRequest): void {
    if (this.refusingOffers !== undefined) return incoming.respond(this.refusingOffers);
    const offer = incoming.request.body.toString();
    this.#note(offer, incoming.request.method);
    const way = wayOf(offer) === "inactive" ? "inactive" : "sendrecv";
    incoming.respond(200, { body: phoneSdp(this.port, "0 8 101", way), contentType: "application/sdp" });
  }

  #note(sdp: string, method = "INVITE"): void {
    if (sdp !== "") this.onSdp(sdp, method);
    if (sdp !== "") this.#hears = `${portOf(sdp)} ${wayOf(sdp)}`;
  }
}

/** Phones A, B, C ... of DNs 7001, 7002, 7003 ... at a SIP Server with a fake Media Server; what T-Library tells is kept. */
export class CallScene {
  readonly rig: CallRig;
  readonly phones = new Map<string, ScenePhone>();
  /** `Event(DN; call)`, calls numbered in the order of their beginning. */
  readonly events: string[] = [];
  readonly attributes: Readonly<Record<string, unknown>>[] = [];
  readonly calls: string[] = [];
  readonly #before = new Map<string, Call>();
  #heard: Heard = new Map();
  /** Events that the contract does not allow where they came. */
  readonly #illegal: string[] = [];

  private constructor(rig: CallRig) {
    this.rig = rig;
    rig.onChange = (call, effects) => {
      if (!this.calls.includes(call.connId)) this.calls.push(call.connId);
      for (const event of eventsOfEffects(this.#before.get(call.connId), call, effects)) {
        const { message, attributes } = event;
        const heard = hear(this.#heard, event);
        if ("check" in heard) this.#illegal.push(heard.detail);
        else this.#heard = heard;
        this.events.push(`${message.slice(5)}(${attributes.ThisDN}; ${this.calls.indexOf(attributes.ConnID) + 1})`);
        this.attributes.push({ message, ...attributes });
      }
      this.#before.set(call.connId, call);
    };
  }

  static of(...dns: readonly SceneDn[]): Promise<CallScene> {
    return CallScene.with({}, ...dns);
  }

  static async with(options: Partial<SipServerConfig["options"]>, ...dns: readonly SceneDn[]): Promise<CallScene> {
    return CallScene.at(new CallRig(dns, options), dns);
  }

  /** At two Media Servers behind a Resource Manager. */
  static withTwo(options: Partial<SipServerConfig["options"]>, ...dns: readonly SceneDn[]): Promise<CallScene> {
    return CallScene.at(new CallRig(dns, options, { mediaServers: 2 }), dns);
  }

  private static async at(rig: CallRig, dns: readonly SceneDn[]): Promise<CallScene> {
    await rig.listen();
    const scene = new CallScene(rig);
    for (const { dn = "", type, awareOfRecording } of dns) {
      if (type === "routing-point") continue;
      const port = Number(dn);
      const endpoint = rig.newEndpoint(awareOfRecording === true ? ["100rel", "timer", "record-aware"] : undefined);
      await endpoint.listen({ transport: "udp", host: "127.0.0.1", port });
      scene.phones.set(dn, new ScenePhone(dn, port, endpoint));
      const uri = `sip:${dn}@127.0.0.1:${port}`;
      rig.contacts.set(dn, [{ uri, destination: { uri } }]);
    }
    return scene;
  }

  phone(dn: string): ScenePhone {
    const phone = this.phones.get(dn);
    assert.ok(phone !== undefined, `no phone ${dn}`);
    return phone;
  }

  /** ConnID of the n-th call, 1 the first. */
  connId(n: number): string {
    return this.calls[n - 1] ?? "";
  }

  /** One phone calls a number. */
  async dial(from: string, number: string): Promise<InviteSession> {
    const phone = this.phone(from);
    const uri = `sip:${number}@127.0.0.1:5060`;
    const own = parseUri(`sip:${from}@sidetone.local`);
    assert.ok(own.ok);
    const session = phone.endpoint.invite({
      uri,
      to: { uri },
      from: { displayName: undefined, uri: own.value, params: own.value.params },
      body: phoneSdp(phone.port),
      contentType: "application/sdp",
    });
    phone.serve(session);
    await this.rig.pass(600);
    return session;
  }

  /** What a client asks: `done`, or the error. */
  async ask(outcome: Promise<Outcome<unknown>>): Promise<string> {
    await this.rig.pass(800);
    const result = await outcome;
    return result.ok ? "done" : result.error.error;
  }

  /** Consultation of a DN in a call. */
  consult(dn: string, call: number, to: string): Promise<string> {
    const wish = { to, userData: {}, onCall: () => undefined };
    return this.ask(this.rig.switch.consult(this.connId(call), dn, wish));
  }

  /** Events since the last time. */
  take(): string[] {
    this.attributes.length = 0;
    return this.events.splice(0);
  }

  /** Attributes of the last event of a name to a DN. */
  last(message: string, dn: string): Readonly<Record<string, unknown>> {
    const found = this.attributes.findLast((one) => one["message"] === message && one["ThisDN"] === dn);
    assert.ok(found !== undefined, `no ${message} to ${dn}: ${this.events.join(" ")}`);
    return found;
  }

  /** Every dialog of every phone is over, every leg at the Media Server too, no call is left, and every DN knows it. */
  async nothingLeft(): Promise<void> {
    await this.rig.pass(40_000);
    for (const phone of this.phones.values()) assert.equal(phone.up.length, 0, `${phone.dn} still has a call`);
    const legs = [...this.rig.mediaServer.up, ...this.rig.secondMediaServer.up];
    assert.equal(legs.length, 0, "legs at the Media Server are left");
    assert.equal(this.rig.calls.size, 0, "calls are left");
    assert.deepEqual(Array.from(this.#heard), [], "somebody has heard of no end");
    const dnsOf = (kind: RegExp): Set<string | undefined> =>
      new Set(this.rig.ledger.filter((line) => kind.test(line)).map((line) => line.split(" ")[2]));
    // R34: every line comes to an outcome.
    assert.deepEqual(dnsOf(/^ledger (recorded|partial|not-recorded)/), dnsOf(/^ledger expect/), this.rig.ledger.join());
  }

  async close(): Promise<void> {
    assert.deepEqual(this.#illegal, [], "events in an order that the contract does not have");
    await Promise.all(Array.from(this.phones.values(), ({ endpoint }) => endpoint.close()));
    await this.rig.close();
  }
}
