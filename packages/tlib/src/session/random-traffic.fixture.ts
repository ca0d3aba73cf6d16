import assert from "node:assert/strict";
import { ManualClock, ok } from "@sidetone/foundation";
import { ClientSession, type ClientInput, type Receipt } from "./client-session.ts";
import { seededRandom, turn } from "./engine.fixture.ts";
import { prepareEvent } from "./prepared-message.ts";
import type { ServerSession, SessionInput } from "./server-session.ts";
import { SessionServer } from "./session-server.ts";

/** Which of the rules are bent. */
export interface TrafficOptions {
  /** The client is told that nothing has been accepted, so that it sends every unanswered request again. */
  readonly eager?: boolean;
  /** Takes "Session" 6 away. */
  readonly withoutReferenceMemory?: boolean;
}

/** What happened in a run. */
export interface Tally {
  actions: number;
  events: number;
  requests: number;
  connections: number;
  resumes: number;
  resets: number;
  unknown: number;
}

/** A connection whose messages wait to be delivered, or to be lost. */
class Wire {
  readonly toServer: string[] = [];
  readonly toClient: string[] = [];
  serverInput: SessionInput | undefined;
  clientInput: ClientInput | undefined;
  /** What each side believes. */
  serverUp = true;
  clientUp = true;
  /** Nothing that is written arrives. */
  cut = false;
  unsent = 0;

  lose(): void {
    this.cut = true;
    this.toServer.length = 0;
    this.toClient.length = 0;
    this.unsent = 0;
  }
}

/**
 * One client, one server, and a network that loses what is under way. A model beside them knows what must arrive: per
 * session every message, once, in order; every request at most once.
 */
export class RandomTraffic {
  readonly tally: Tally = { actions: 0, events: 0, requests: 0, connections: 0, resumes: 0, resets: 0, unknown: 0 };
  readonly #o: TrafficOptions;
  readonly #clock = new ManualClock();
  readonly #random = seededRandom(7);
  readonly #client: ClientSession;
  #server: SessionServer<string>;
  #starts = 0;
  #wire: Wire | undefined;
  readonly #wires: Wire[] = [];
  readonly #authentications: (() => void)[] = [];
  /** Requests that the server's application has not answered. */
  #owed: { readonly session: ServerSession<string>; readonly referenceId: number; readonly op: number }[] = [];
  #sequence = 0;
  /** Model: EventSequenceNumbers of each session, in the order in which they were produced. */
  readonly #produced = new Map<string, number[]>();
  /** Model: how many messages of each session the client has had. */
  readonly #received = new Map<string, number>();
  /** Model: how often each operation ran. */
  readonly #ran: number[] = [];
  /** Model: what the client was told of each. */
  readonly #outcome: (string | undefined)[] = [];
  readonly #opOf = new Map<number, number>();
  #unprocessed: Receipt[] = [];

  constructor(o: TrafficOptions) {
    this.#o = o;
    this.#server = this.#makeServer();
    this.#client = new ClientSession({
      clock: this.#clock,
      onOpened: (opened, reset) => {
        if (opened.Resumed) this.tally.resumes += 1;
        if (reset) this.tally.resets += 1;
      },
      onEvent: (event, receipt, answers) => this.#onEvent(event, receipt, answers),
      onLost: (referenceId, loss) => {
        this.tally.unknown += 1;
        this.#settle(referenceId, loss);
      },
      onClosing: () => undefined,
      onDisconnected: (reason) => assert.doesNotMatch(reason, /protocol error/),
    });
  }

  /** Performs one action; the number chooses which and how much. */
  async act(chosen: number): Promise<void> {
    this.tally.actions += 1;
    const amount = chosen >>> 8;
    const kind = chosen & 0xff;
    if (kind < 40) this.#request();
    else if (kind < 75) this.#publish(1 + (amount % 6));
    else if (kind < 100) this.#answer(amount);
    else if (kind < 140) this.#deliverToServer(1 + (amount % 6));
    else if (kind < 185) this.#deliverToClient(1 + (amount % 12));
    else if (kind < 210) this.#process(1 + (amount % 20));
    else if (kind < 226) await this.#reconnect(amount % 3);
    else if (kind < 240) await this.#authenticate();
    else if (kind < 250) this.#cut(amount % 3);
    else if (kind < 254) this.#clock.advance(amount % 3_000);
    else if (amount % 12 === 0) this.#clock.advance(60_000 + (amount % 70_000));
    else if (amount % 12 === 1) this.#restart();
  }

  /** Heals the network and checks that everything has arrived and been done. */
  async finish(): Promise<void> {
    for (let i = 0; i < 1000 && !this.#quiet(); i++) {
      if (!this.#client.attached || this.#wire?.cut === true) this.#connect();
      this.#deliverToServer(1000);
      await this.#authenticate();
      this.#deliverToClient(1000);
      while (this.#owed.length > 0) this.#answer(0);
      this.#process(1000);
    }
    assert.ok(this.#quiet(), "the traffic comes to rest");
    const id = this.#client.sessionId ?? "";
    assert.equal(this.#received.get(id) ?? 0, this.#produced.get(id)?.length ?? 0, "nothing is lost");
    for (const [op, outcome] of this.#outcome.entries()) {
      const ran = this.#ran[op] ?? 0;
      assert.notEqual(outcome, undefined, `operation ${op} has an outcome`);
      if (outcome === "NotSent") assert.equal(ran, 0, `operation ${op} was said not to have been sent`);
      if (outcome === "answered") assert.equal(ran, 1, `operation ${op} was answered`);
    }
    this.#clock.advance(5_000);
    this.#deliverToServer(1000);
    const session = this.#server.session(id);
    assert.ok(session !== undefined);
    assert.equal(
      Array.from(this.#server.sessions).includes(session) && this.#server.stats().keptMessages,
      this.#keptByOthers(id),
      "everything is acknowledged",
    );
  }

  /** Messages that orphaned sessions (their SessionOpened was lost) still keep. */
  #keptByOthers(id: string): number {
    let kept = 0;
    for (const session of this.#server.sessions)
      if (session.id !== id) kept += this.#produced.get(session.id)?.length ?? 0;
    return kept;
  }

  #quiet(): boolean {
    const id = this.#client.sessionId;
    return (
      id !== undefined &&
      this.#client.open &&
      this.#wire?.cut === false &&
      this.#wire.serverUp &&
      this.#client.unanswered === 0 &&
      this.#unprocessed.length === 0 &&
      (this.#received.get(id) ?? 0) === (this.#produced.get(id)?.length ?? 0) &&
      this.#owed.length === 0
    );
  }

  #makeServer(): SessionServer<string> {
    this.#starts += 1;
    return new SessionServer<string>({
      clock: this.#clock,
      random: this.#random,
      serverStartMicros: this.#starts,
      limits: {
        replayMessages: 80,
        unsentBytes: 2_000,
        maxInFlight: 8,
        requestsPerSecond: 1_000_000,
        requestBurst: 1_000_000,
        openTimeoutMs: 30_000,
      },
      capabilities: [],
      nextEventSequenceNumber: () => assert.fail("the engine has nothing to refuse here"),
      authenticate: () => new Promise((resolve) => this.#authentications.push(() => resolve(ok("desk")))),
      sameOwner: (a, b) => a === b,
      onOpened: () => undefined,
      onRequest: (session, request) => {
        assert.ok(request.message === "RequestQueryServer");
        const { ReferenceID: referenceId, Extensions } = request.attributes;
        const op = Number(Extensions?.["op"]);
        this.#ran[op] = (this.#ran[op] ?? 0) + 1;
        assert.equal(this.#ran[op], 1, `operation ${op} ran twice`);
        this.#owed.push({ session, referenceId, op });
      },
      onEnded: (ended) => {
        this.#owed = this.#owed.filter(({ session }) => session.id !== ended.id);
      },
      withoutReferenceMemory: this.#o.withoutReferenceMemory === true,
    });
  }

  #request(): void {
    if (this.#client.unanswered > 20) return;
    const op = this.#outcome.push(undefined) - 1;
    this.tally.requests += 1;
    const sent = this.#client.request("RequestQueryServer", { Extensions: { op } });
    assert.ok(sent.ok);
    this.#opOf.set(sent.value, op);
  }

  #publish(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#sequence += 1;
      const event = prepareEvent("EventDNOutOfService", 0, { EventSequenceNumber: this.#sequence, ThisDN: "7001" });
      for (const session of Array.from(this.#server.sessions)) {
        this.#produce(session.id, this.#sequence);
        session.publish(event);
      }
    }
  }

  #answer(which: number): void {
    const [owed] = this.#owed.splice(which % Math.max(1, this.#owed.length), 1);
    if (owed === undefined) return;
    this.#sequence += 1;
    this.#produce(owed.session.id, this.#sequence);
    const responded = owed.session.respond(
      owed.referenceId,
      prepareEvent("EventServerInfo", 0, {
        EventSequenceNumber: this.#sequence,
        ReferenceID: owed.referenceId,
        ServerVersion: "0",
        ServerRole: "Primary",
        Extensions: { op: owed.op },
      }),
    );
    assert.ok(responded);
  }

  #produce(id: string, sequence: number): void {
    const produced = this.#produced.get(id) ?? [];
    this.#produced.set(id, produced);
    produced.push(sequence);
  }

  #onEvent(
    event: Parameters<ConstructorParameters<typeof ClientSession>[0]["onEvent"]>[0],
    receipt: Receipt,
    answers: number | undefined,
  ): void {
    const id = this.#client.sessionId ?? "";
    const had = this.#received.get(id) ?? 0;
    this.#received.set(id, had + 1);
    this.tally.events += 1;
    assert.equal(event.seq, had + 1, "no seq is missing, repeated or out of order");
    const { EventSequenceNumber, Extensions } = event.attributes as {
      readonly EventSequenceNumber: number;
      readonly Extensions?: { readonly op?: number };
    };
    assert.equal(EventSequenceNumber, this.#produced.get(id)?.[had], "each seq is the message that was produced");
    if (answers !== undefined) {
      assert.equal(Extensions?.op, this.#opOf.get(answers), "the response is that of its request");
      this.#settle(answers, "answered");
    }
    this.#unprocessed.push(receipt);
  }

  #settle(referenceId: number, outcome: string): void {
    const op = this.#opOf.get(referenceId);
    assert.ok(op !== undefined);
    assert.equal(this.#outcome[op], undefined, `operation ${op} has one outcome`);
    this.#outcome[op] = outcome;
  }

  #process(count: number): void {
    for (const receipt of this.#unprocessed.splice(0, count)) this.#client.processed(receipt);
  }

  /** A connection, and in some cases the opening without another thing between. */
  async #reconnect(how: number): Promise<void> {
    this.#connect();
    if (how === 0 || this.#client.open) return;
    this.#deliverToServer(1);
    await this.#authenticate();
    this.#deliverToClient(1);
  }

  #connect(): void {
    if (this.#client.attached && this.#wire?.cut === false) return;
    // The client finds out that its connection is dead.
    this.#wire?.clientInput?.closed();
    const wire = new Wire();
    this.#wire = wire;
    this.#wires.push(wire);
    this.tally.connections += 1;
    wire.serverInput = this.#server.accept({
      send: (text) => {
        if (wire.cut || !wire.serverUp) return;
        wire.toClient.push(text);
        wire.unsent += text.length;
      },
      get unsentBytes() {
        return wire.unsent;
      },
      close: () => {
        wire.serverUp = false;
        wire.serverInput?.closed();
      },
    });
    wire.clientInput = this.#client.attach(
      {
        send: (text) => {
          if (!wire.cut && wire.clientUp) wire.toServer.push(text);
        },
        close: () => {
          wire.clientUp = false;
        },
      },
      { ApplicationName: "desk", ApplicationPassword: "s3cret" },
    );
  }

  /** Old wires too: what was under way when the client went may still arrive. */
  #deliverToServer(count: number): void {
    for (const wire of this.#wires) {
      for (const text of wire.toServer.splice(0, count)) wire.serverInput?.text(text);
      if (!wire.clientUp && wire.toServer.length === 0 && wire.serverUp) {
        wire.serverUp = false;
        wire.serverInput?.closed();
      }
    }
    for (let i = this.#wires.length - 1; i >= 0; i--) {
      const wire = this.#wires[i];
      if (wire !== undefined && wire !== this.#wire && (wire.cut || !wire.serverUp)) this.#wires.splice(i, 1);
    }
  }

  #deliverToClient(count: number): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    for (const text of wire.toClient.splice(0, count)) {
      wire.unsent -= text.length;
      wire.clientInput?.text(
        this.#o.eager === true ? text.replace(/"LastReferenceID":\d+/, '"LastReferenceID":0') : text,
      );
    }
    if (!wire.cut && wire.serverUp) wire.serverInput?.drained();
    if (!wire.serverUp && wire.toClient.length === 0) wire.clientInput?.closed();
  }

  async #authenticate(): Promise<void> {
    for (const decide of this.#authentications.splice(0)) decide();
    await turn();
  }

  #cut(who: number): void {
    const wire = this.#wire;
    if (wire === undefined || wire.cut) return;
    wire.lose();
    if (who !== 0) {
      wire.serverUp = false;
      wire.serverInput?.closed();
    }
    if (who !== 1) wire.clientInput?.closed();
  }

  #restart(): void {
    this.#server.close();
    this.#server = this.#makeServer();
    for (const wire of this.#wires) wire.lose();
    this.#wire?.clientInput?.closed();
  }
}
