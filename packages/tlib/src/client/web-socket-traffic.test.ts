import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocketServer } from "ws";
import { ok, systemClock, systemRandom } from "@sidetone/foundation";
import { type ServerSession, SessionServer, prepareEvent } from "../session/index.ts";
import { type TlibClient, TlibError, connect } from "./index.ts";
import { type WebSocketBench, serve } from "./web-socket-server.fixture.ts";

const RUNS = 200;
const AT_ONCE = 20;
const REQUESTS = 40;
const CUTS = 6;
const total = { events: 0, requests: 0, cuts: 0, resumes: 0 };

let sequence = 0;
const produced = new Map<string, number[]>();
const ran = new Map<string, number>();
const sessionOf = new Map<string, ServerSession<string>>();
let bench: WebSocketBench;

const server = new SessionServer<string>({
  clock: systemClock,
  random: systemRandom,
  serverStartMicros: 1,
  capabilities: [],
  nextEventSequenceNumber: () => ++sequence,
  authenticate: (open) => Promise.resolve(ok(open.ApplicationName)),
  sameOwner: (a, b) => a === b,
  onOpened: (session) => {
    sessionOf.set(session.owner, session);
    event(session, "EventLinkConnected");
  },
  onRequest: (session, request) => {
    assert.ok(request.message === "RequestQueryServer");
    const op = `${session.owner}/${Number(request.attributes.Extensions?.["op"])}`;
    ran.set(op, (ran.get(op) ?? 0) + 1);
    // Events before and after the response, which comes at once or later.
    event(session, "EventLinkConnected");
    const respond = (): void => {
      event(session, "EventServerInfo", request.attributes.ReferenceID);
      event(session, "EventLinkConnected");
    };
    if (Math.random() < 0.5) respond();
    else setImmediate(respond);
  },
  onEnded: () => undefined,
});

function event(
  session: ServerSession<string>,
  message: "EventLinkConnected" | "EventServerInfo",
  answers?: number,
): void {
  const EventSequenceNumber = ++sequence;
  const list = produced.get(session.id) ?? [];
  produced.set(session.id, list);
  list.push(EventSequenceNumber);
  if (answers === undefined) session.publish(prepareEvent(message as "EventLinkConnected", 0, { EventSequenceNumber }));
  else
    session.respond(
      answers,
      prepareEvent("EventServerInfo", 0, {
        EventSequenceNumber,
        ReferenceID: answers,
        ServerVersion: "0",
        ServerRole: "Primary",
      }),
    );
}

const clients: TlibClient[] = [];

/** The first attempt is not repeated by the library, and may be cut too. */
async function open(applicationName: string): Promise<TlibClient> {
  for (let attempt = 1; ; attempt++) {
    try {
      const client = await connect({ url: bench.url, applicationName, random: () => 0 });
      clients.push(client);
      return client;
    } catch (error) {
      if (attempt === 50 || !(error instanceof TlibError) || error.name !== "ConnectionFailed") throw error;
    }
  }
}

async function run(number: number): Promise<void> {
  const name = `desk${number}`;
  const client = await open(name);
  client.on("connected", ({ resumed }) => {
    assert.equal(resumed, true);
    total.resumes += 1;
  });
  const received: number[] = [];
  const reading = (async () => {
    for await (const got of client.events()) {
      assert.notEqual(got.message, "Reset");
      if (got.message === "Reset") return;
      received.push(Number(got.attributes["EventSequenceNumber" as never]));
      if (Math.random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const answers: Promise<unknown>[] = [];
  for (let op = 0; op < REQUESTS; op++) {
    answers.push(client.queryServer({ Extensions: { op } }));
    total.requests += 1;
    if (Math.random() < CUTS / REQUESTS) {
      if (Math.random() < 0.5) await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      // Any socket: runs cut each other's connections at moments that they do not choose.
      const victims = Array.from(bench.sockets);
      const victim = victims[Math.floor(Math.random() * victims.length)];
      victim?.terminate();
      if (victim !== undefined) total.cuts += 1;
    }
    if (Math.random() < 0.5) await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  }
  const outcomes = await Promise.all(answers);
  assert.equal(outcomes.length, REQUESTS);
  const session = sessionOf.get(name);
  assert.equal(session?.id, client.sessionId, "the first session has lived on");
  const all = produced.get(client.sessionId ?? "") ?? [];
  for (let i = 0; i < 6000 && received.length < all.length; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(received, all, "every event, once, in order");
  for (let op = 0; op < REQUESTS; op++) assert.equal(ran.get(`${name}/${op}`), 1, "each request ran once");
  total.events += received.length;
  await client.close();
  await reading;
}

before(async () => {
  bench = await serve(server, WebSocketServer);
});

after(async () => {
  server.close();
  for (const client of clients) void client.close();
  await bench.close();
});

test(`Session: ${RUNS} runs over real WebSockets with sockets destroyed at random lose, repeat and re-run nothing`, async (t) => {
  const left = Array.from({ length: RUNS }, (_, i) => i);
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  t.diagnostic(JSON.stringify(total));
  assert.ok(total.cuts > RUNS && total.resumes > RUNS);
});
