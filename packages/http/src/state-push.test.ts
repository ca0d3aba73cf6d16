import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import {
  afterChange,
  type LiveState,
  ManualClock,
  readLiveChange,
  silentLogger,
  systemClock,
  delay,
} from "@sidetone/foundation";
import { heartbeatMs, pushIntervalMs } from "./limits.ts";
import { startHttp } from "./server.ts";
import { StatePush } from "./state-push.ts";

interface Rig {
  readonly clock: ManualClock;
  readonly push: StatePush<string>;
  readonly url: string;
  readonly watched: boolean[];
  state: LiveState;
}

async function rig(t: TestContext): Promise<Rig> {
  const clock = new ManualClock();
  const watched: boolean[] = [];
  const made = { clock, watched, state: {} as LiveState };
  const stateFor = (viewer: string): LiveState =>
    viewer === "all"
      ? made.state
      : { calls: new Map(Array.from(made.state["calls"] ?? []).filter(([key]) => key === viewer)) };
  const push = new StatePush<string>({ clock, stateFor, onWatched: (on) => watched.push(on), maxAgeMs: 600_000 });
  const http = await startHttp({
    role: "test",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    register: (app) => {
      app.get<{ Params: { viewer: string } }>("/live/:viewer", (request, reply) =>
        push.serve(reply, request.params.viewer),
      );
    },
  });
  t.after(async () => {
    push.close();
    await http.close();
  });
  return Object.assign(made, { push, url: http.url });
}

/** The stream's next blocks, as they come. */
async function reader(url: string): Promise<() => Promise<string>> {
  const response = await fetch(url);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const body = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert(body !== undefined);
  let text = "";
  return async () => {
    while (!text.includes("\n\n")) {
      const { value, done } = await body.read();
      if (done) return "end";
      text += value;
    }
    const at = text.indexOf("\n\n");
    const block = text.slice(0, at);
    text = text.slice(at + 2);
    return block;
  };
}

const change = (block: string): ReturnType<typeof readLiveChange> => readLiveChange(block.split("data: ")[1] ?? "");

test("a client gets a snapshot, then what changes, and a sign of life where nothing does", async (t) => {
  const r = await rig(t);
  r.state = { calls: new Map([["1", { n: 1 }]]) };
  const next = await reader(`${r.url}/live/all`);
  const first = await next();
  assert.match(first, /^id: 1\nevent: snapshot\n/);
  let seen = afterChange({}, change(first) ?? {});
  r.state = { calls: new Map([...(r.state["calls"] ?? []), ["2", { n: 2 }]]) };
  r.clock.advance(pushIntervalMs);
  const second = await next();
  assert.match(second, /^id: 2\nevent: change\n/);
  assert.doesNotMatch(second, /"1"/, "what has not changed is not told again");
  seen = afterChange(seen, change(second) ?? {});
  assert.deepEqual(new Map(seen["calls"]), r.state["calls"]);
  r.clock.advance(heartbeatMs);
  assert.equal(await next(), ": here");
  assert.deepEqual(r.watched, [true]);
  r.push.close();
  assert.equal(await next(), "end");
});

test("each viewer is told of what they see only, an empty state too", async (t) => {
  const r = await rig(t);
  r.state = { calls: new Map([["1", { n: 1 }]]) };
  const next = await reader(`${r.url}/live/2`);
  assert.equal(await next(), "id: 1\nevent: snapshot\ndata: {}");
  r.state = {
    calls: new Map([
      ["1", { n: 3 }],
      ["2", { n: 2 }],
    ]),
  };
  r.clock.advance(pushIntervalMs);
  assert.deepEqual(change(await next()), { calls: { set: [["2", { n: 2 }]], gone: [] } });
});

test("a client that does not read is told nothing more until it does: then the difference, once", async (t) => {
  const r = await rig(t);
  const socket = connect(Number(new URL(r.url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.pause();
  socket.write("GET /live/all HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const big = "x".repeat(1_000_000);
  let n = 0;
  const step = (): void => {
    n += 1;
    r.state = { calls: new Map([["1", { n, big }]]) };
    r.clock.advance(pushIntervalMs);
  };
  while (r.push.size === 0) await delay(systemClock, 5);
  // The kernel takes some MB; after that only one message waits, however often the state changes.
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 300; i += 1) {
    step();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(process.memoryUsage().rss - before < 150e6, "messages wait in memory");
  let text = "";
  socket.on("data", (data) => (text += data.toString("latin1")));
  socket.resume();
  while (!text.includes(`"n":${n}`)) {
    r.clock.advance(pushIntervalMs);
    await delay(systemClock, 5);
  }
  const told = text.match(/event: (snapshot|change)/g)?.length ?? 0;
  assert.ok(told < 100, `${told} of 300 states were told`);
});

test("a stream has an end, after which its client is asked again who it is", async (t) => {
  const r = await rig(t);
  const next = await reader(`${r.url}/live/all`);
  await next();
  r.clock.advance(600_000);
  let block = "";
  while (block !== "end") block = await next();
  assert.deepEqual(r.watched, [true, false]);
});

test("nothing runs while nobody watches", async (t) => {
  const r = await rig(t);
  const gone = new AbortController();
  const response = await fetch(`${r.url}/live/all`, { signal: gone.signal });
  await response.body?.getReader().read();
  gone.abort();
  while (r.push.size > 0) await delay(systemClock, 5);
  assert.deepEqual(r.watched, [true, false]);
});
