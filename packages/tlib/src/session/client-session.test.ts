import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { type ClientInput, ClientSession, type Receipt } from "./client-session.ts";

interface Said {
  readonly message: string;
  readonly ack?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A client whose server is the test. */
class Desk {
  readonly clock = new ManualClock();
  readonly said: Said[] = [];
  readonly receipts: Receipt[] = [];
  readonly reasons: string[] = [];
  closedWith: number | undefined;
  readonly session = new ClientSession({
    clock: this.clock,
    onOpened: () => undefined,
    onEvent: (_, receipt) => this.receipts.push(receipt),
    onLost: () => undefined,
    onClosing: (reason) => this.reasons.push(reason),
    onDisconnected: (reason) => this.reasons.push(reason),
  });

  connect(): ClientInput {
    this.closedWith = undefined;
    return this.session.attach(
      { send: (text) => this.said.push(JSON.parse(text) as Said), close: (code) => (this.closedWith = code) },
      { ApplicationName: "desk" },
    );
  }

  /** Connects and opens; events from..to follow. */
  open(o: { readonly Resumed?: boolean; readonly NextSeq?: number } = {}, from = 1, to = 0): ClientInput {
    const input = this.connect();
    input.text(
      JSON.stringify({
        message: "SessionOpened",
        attributes: {
          ProtocolVersion: "1.0",
          SessionID: o.Resumed === true ? this.session.sessionId : `s${this.said.length}`,
          ResumeToken: "t",
          Resumed: false,
          ServerStartTime: "2026-11-20T04:00:00Z",
          NextSeq: 1,
          LastReferenceID: 0,
          HeartbeatSeconds: 1000,
          Limits: { MaxMessageBytes: 65_536, MaxInFlight: 64, ReplayMessages: 1, ReplayBytes: 1, ResumeSeconds: 1 },
          ...o,
        },
      }),
    );
    for (let seq = from; seq <= to; seq++) input.text(event(seq));
    return input;
  }

  process(seq: number): void {
    for (const receipt of this.receipts) if (receipt.seq <= seq) this.session.processed(receipt);
  }

  get acks(): unknown[] {
    return this.said.flatMap(({ message, attributes, ack }) =>
      message === "SessionAck" ? [attributes["Seq"]] : (ack ?? []),
    );
  }
}

const event = (seq: number): string =>
  JSON.stringify({ message: "EventLinkConnected", seq, time: "", attributes: { EventSequenceNumber: seq } });

test("Session 3: the client acknowledges after 100 processed messages, after 5 s, and on a request", () => {
  const desk = new Desk();
  desk.open({}, 1, 250);
  desk.process(99);
  assert.deepEqual(desk.acks, []);
  desk.process(100);
  assert.deepEqual(desk.acks, [100]);
  desk.process(120);
  desk.clock.advance(4_999);
  assert.deepEqual(desk.acks, [100]);
  desk.clock.advance(1);
  assert.deepEqual(desk.acks, [100, 120]);
  desk.process(130);
  desk.session.request("RequestQueryServer", {});
  assert.deepEqual(desk.acks, [100, 120, 130]);
  desk.clock.advance(10_000);
  assert.deepEqual(desk.acks, [100, 120, 130], "nothing is said twice");
});

test("Session 3: after a resume the client acknowledges again, since the last acknowledgement may have been lost", () => {
  const desk = new Desk();
  desk.open({}, 1, 100).closed();
  desk.process(100);
  desk.open({ Resumed: true, NextSeq: 101 });
  desk.clock.advance(5_000);
  assert.deepEqual(desk.acks, [100]);
  const input = desk.open({ Resumed: true, NextSeq: 101 });
  desk.clock.advance(5_000);
  assert.deepEqual(desk.acks, [100, 100]);
  input.closed();
  desk.clock.advance(10_000);
  assert.equal(desk.clock.pending, 0);
});

test("Session 3: what was processed of a session that is gone is not acknowledged in the next", () => {
  const desk = new Desk();
  desk.open({}, 1, 50).closed();
  desk.open({}, 1, 10);
  const [old] = desk.receipts.splice(0, 50).slice(-1);
  assert.ok(old !== undefined);
  desk.session.processed(old);
  desk.clock.advance(5_000);
  assert.deepEqual(desk.acks, []);
});

test("Session 4: LastSeq is the last message that came in order; a gap is healed by a resume from there", () => {
  const desk = new Desk();
  const input = desk.open({}, 1, 3);
  input.text(event(5));
  assert.equal(desk.closedWith, 4000);
  input.text(event(4));
  assert.equal(desk.receipts.length, 3, "the connection that was given up is not heard");
  desk.connect();
  assert.equal(desk.said.at(-1)?.attributes["LastSeq"], 3);
});

test("Session 4: frames and the end of an older connection have no effect", () => {
  const desk = new Desk();
  const older = desk.open({}, 1, 3);
  desk.open({ Resumed: true, NextSeq: 4 });
  older.text(event(4));
  older.closed();
  assert.equal(desk.receipts.length, 3);
  assert.equal(desk.session.open, true);
});

test("Envelope: what is no message of the server, an event before SessionOpened and a wrong NextSeq end the connection with 4000", () => {
  for (const text of ["{", event(1), '{"message":"SessionOpen","attributes":{}}']) {
    const desk = new Desk();
    desk.connect().text(text);
    assert.equal(desk.closedWith, 4000, text);
  }
  const desk = new Desk();
  desk.open({}, 1, 3).closed();
  desk.open({ Resumed: true, NextSeq: 3 });
  assert.equal(desk.closedWith, 4000);
});

test("Transport: the server's Ping is answered with Pong", () => {
  const desk = new Desk();
  desk.open().text('{"message":"Ping","attributes":{}}');
  assert.deepEqual(desk.said.at(-1), { message: "Pong", attributes: {} });
});
