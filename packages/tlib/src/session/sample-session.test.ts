import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, parseRfc3339 } from "@sidetone/foundation";
import type { RequestAttributes, TlibEvent } from "../schema/index.ts";
import { type ClientInput, ClientSession, type ClientSessionOptions } from "./client-session.ts";
import { Bench, type Peer, turn } from "./engine.fixture.ts";
import { type PreparedMessage, prepareEvent } from "./prepared-message.ts";
import {
  type SampleLine,
  type SampleMessage,
  sampleEvent,
  sampleLines,
  sampleRequest,
} from "./sample-session.fixture.ts";

const credentials = { ApplicationName: "strategy", ApplicationPassword: "s3cret" };

function prepared(event: TlibEvent): PreparedMessage {
  return prepareEvent(event.message, parseRfc3339(event.time) ?? 0, event.attributes);
}

/** Says what the sample's application says: an event, or the response to its request. */
function produce(bench: Bench, line: SampleLine): void {
  const event = sampleEvent(line);
  const { ReferenceID: referenceId } = event.attributes as { readonly ReferenceID?: number };
  if (referenceId === undefined) bench.session.publish(prepared(event));
  else assert.equal(bench.session.respond(referenceId, prepared(event)), true, `${line.text} is owed`);
}

/** What differs in every session: ids, and members that the sample leaves out the second time. */
function comparable(message: SampleMessage): unknown {
  if (message.message !== "SessionOpened") return message;
  const { SessionID: _, ResumeToken: __, Capabilities: ___, ServerStartTime, ...rest } = message.attributes;
  return { ...message, attributes: { ...rest, start: parseRfc3339(String(ServerStartTime)) } };
}

test("Golden: the server engine plays tlib-sample-session.txt, message for message", async () => {
  const bench = new Bench();
  let peer: Peer = bench.connect();
  let opened: Readonly<Record<string, unknown>> = {};
  let read = 0;
  for (const line of sampleLines) {
    if (line.from === "comment") {
      if (line.text.startsWith(" the socket drops") || line.text.includes("the socket drops")) peer.input.closed();
      continue;
    }
    if (line.from === "client") {
      if (line.message !== "SessionOpen") {
        peer.input.text(line.text);
        continue;
      }
      if (line.json.attributes["LastSeq"] !== undefined) {
        peer = bench.connect();
        read = 0;
      }
      const { SessionID, ResumeToken } = opened;
      const resume = line.json.attributes["SessionID"] === undefined ? {} : { SessionID, ResumeToken };
      peer.say("SessionOpen", { ...line.json.attributes, ...resume });
      await turn();
      opened = peer.got[0]?.attributes ?? {};
    } else if (line.json.seq !== undefined) produce(bench, line);
    const got = peer.got[read];
    if (line.from === "server") {
      assert.deepEqual(got && comparable(got), comparable(line.json));
      read += 1;
    }
  }
  assert.equal(bench.requests.length, 10);
  assert.equal(peer.code(), 1000);
  assert.equal(bench.clock.pending, 0);
});

/** A client that asks what the sample's client asks. */
class SampleClient {
  readonly events: SampleMessage[] = [];
  readonly answered = new Map<number, string>();
  readonly lost: string[] = [];
  readonly session: ClientSession;
  #receipts: Parameters<ClientSessionOptions["onEvent"]>[1][] = [];
  resets = 0;

  constructor(clock: ManualClock) {
    this.session = new ClientSession({
      clock,
      onOpened: (_, reset) => {
        if (!reset) return;
        this.resets += 1;
        this.events.length = 0;
      },
      onEvent: (event, receipt, answers) => {
        this.events.push(event as unknown as SampleMessage);
        this.#receipts.push(receipt);
        if (answers !== undefined) this.answered.set(answers, event.message);
      },
      onLost: (referenceId, loss) => this.lost.push(`${referenceId} ${loss}`),
      onClosing: () => undefined,
      onDisconnected: (reason) => assert.doesNotMatch(reason, /protocol error/),
    });
  }

  /** Processes as much as the sample's line acknowledges, then sends its request. */
  ask(line: SampleLine): void {
    if (line.json.ack !== undefined) this.process(line.json.ack);
    const { message, attributes } = sampleRequest(line);
    const { ReferenceID, ...rest } = attributes;
    const sent = this.session.request(message, rest as RequestAttributes[typeof message]);
    assert.deepEqual(sent, { ok: true, value: ReferenceID });
  }

  process(seq: number): void {
    for (const receipt of this.#receipts) if (receipt.seq <= seq) this.session.processed(receipt);
    this.#receipts = this.#receipts.filter((receipt) => receipt.seq > seq);
  }
}

test("Golden: the client engine says what the sample's client says, and hears what its server says", () => {
  const clock = new ManualClock();
  const client = new SampleClient(clock);
  const said: SampleMessage[] = [];
  let input: ClientInput | undefined;
  const attach = (): void => {
    const send = (text: string): unknown => said.push(JSON.parse(text) as SampleMessage);
    input = client.session.attach({ send, close: () => undefined }, credentials);
  };
  const dropped = sampleLines.findIndex(({ text }) => text.includes("the socket drops"));
  for (const [at, line] of sampleLines.entries()) {
    if (line.from === "server") input?.text(line.text);
    if (at === dropped) {
      const unheard = sampleLines.find(({ json }) => json.attributes["ReferenceID"] === 8);
      assert.ok(unheard !== undefined);
      client.ask(unheard);
      assert.deepEqual(said.pop(), unheard.json, "ReferenceID 8 was sent and never arrived");
      input?.closed();
    }
    if (line.from !== "client") continue;
    if (line.message === "SessionOpen") attach();
    else if (line.message === "SessionClose") client.session.close();
    else if (line.message === "SessionAck") {
      client.process(Number(line.json.attributes["Seq"]));
      clock.advance(5_000);
    } else if (line.json.attributes["ReferenceID"] !== 8) client.ask(line);
  }
  assert.deepEqual(
    said,
    sampleLines.flatMap(({ from, json }) => (from === "client" ? [json] : [])),
  );
  assert.deepEqual(
    client.events,
    sampleLines.flatMap(({ json }) => (json.seq === undefined ? [] : [json])),
  );
  assert.equal(client.answered.size, 10);
  assert.equal(client.resets, 0);
});

type Cut = "after it arrived" | "before it arrived" | "and the server does not notice";
const script = sampleLines.filter(({ from, message }) => from !== "comment" && !message.startsWith("SessionClos"));

/** Plays the sample between both engines and cuts the socket at one message. */
async function playAndCut(at: number, cut: Cut): Promise<{ bench: Bench; client: SampleClient; cutDone: boolean }> {
  const bench = new Bench();
  const client = new SampleClient(bench.clock);
  let drop = (): void => undefined;
  let broken = false;
  let cutDone = false;
  const connect = async (): Promise<void> => {
    broken = false;
    let up = true;
    let input: ClientInput | undefined;
    const server = bench.server.accept({
      send: (text) => {
        if (up && !broken) input?.text(text);
      },
      unsentBytes: 0,
      close: () => undefined,
    });
    drop = () => {
      up = false;
      broken = false;
      if (cut !== "and the server does not notice") server.closed();
      input?.closed();
    };
    const early: string[] = [];
    const send = (text: string): void => {
      if (input === undefined) early.push(text);
      else if (up && !broken) server.text(text);
    };
    input = client.session.attach({ send, close: () => undefined }, credentials);
    for (const text of early) if (!broken) server.text(text);
    await turn();
  };
  for (const [index, line] of script.entries()) {
    const here = index === at;
    // What is sent now is lost on the way.
    broken = here && cut === "before it arrived";
    if (line.message === "SessionOpened") continue;
    if (line.message === "SessionOpen") {
      if (line.json.attributes["SessionID"] !== undefined) drop();
      const lost = broken;
      await connect();
      if (lost) broken = true;
    } else if (line.message === "SessionAck") {
      client.process(Number(line.json.attributes["Seq"]));
      bench.clock.advance(5_000);
    } else if (line.from === "client") client.ask(line);
    else produce(bench, line);
    if (!here) continue;
    cutDone = true;
    drop();
    // The client comes back after a while.
    bench.clock.advance(1_000);
    await connect();
  }
  return { bench, client, cutDone };
}

for (const cut of ["after it arrived", "before it arrived", "and the server does not notice"] as const) {
  test(`Golden: the sample with the socket cut at each of its messages, ${cut}: same events, each request once`, async () => {
    let cuts = 0;
    for (let at = 0; at < script.length; at++) {
      const { bench, client, cutDone } = await playAndCut(at, cut);
      if (cutDone) cuts += 1;
      assert.deepEqual(
        client.events,
        script.flatMap(({ json }) => (json.seq === undefined ? [] : [json])),
        `cut at message ${at}: ${script[at]?.text}`,
      );
      assert.deepEqual(
        bench.requests.map(({ request }) => request.attributes.ReferenceID),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
      assert.deepEqual([client.answered.size, client.lost, client.resets], [10, [], 0]);
    }
    assert.equal(cuts, script.length - 2, "SessionOpened comes with SessionOpen");
  });
}
