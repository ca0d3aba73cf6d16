import assert from "node:assert/strict";
import { connect as tcpConnect } from "node:net";
import type { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { problem, type UpgradeHandler } from "@sidetone/http";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { consoleFor, role } from "./console.fixture.ts";

const protocol = "tlib.v1.json";

interface Far {
  readonly url: string;
  /** Sockets of SIP Server's end, in the order in which they came. */
  readonly sockets: WebSocket[];
  readonly headers: NodeJS.Dict<string | string[]>[];
}

/** What stands for SIP Server: takes WebSockets and says back what it hears. */
async function sipServer(t: TestContext, o: { refuse?: boolean; mute?: boolean } = {}): Promise<Far> {
  const sockets: WebSocket[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  t.after(() => server.close());
  const door: UpgradeHandler = (request, socket, head) => {
    headers.push(request.headers);
    if (o.refuse === true) return problem(503, "too-many-connections", "Too many.");
    server.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws);
      if (o.mute !== true) ws.on("message", (data: RawData, binary: boolean) => ws.send(data, { binary }));
      t.after(() => ws.terminate());
    });
    return undefined;
  };
  const { url } = await role(t, "sip-server", () => undefined, { upgrades: new Map([["/tlib/v1", door]]) });
  return { url, sockets, headers };
}

function open(t: TestContext, http: string, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`${http.replace("http", "ws")}/tlib/v1`, protocol, {
    headers,
    perMessageDeflate: false,
  });
  socket.on("error", () => undefined);
  t.after(() => socket.terminate());
  return socket;
}

const once = (socket: WebSocket, event: string): Promise<unknown[]> =>
  new Promise((resolve) => {
    socket.once(event, (...args: unknown[]) => resolve(args));
  });

/** Status of a handshake: 101, or that of the refusal. */
function status(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
  });
}

describe("/tlib/v1 on the console's address", () => {
  test("goes to SIP Server: sub-protocol and frames are kept, the visitor's password is not passed on", async (t) => {
    const far = await sipServer(t);
    const { http } = await consoleFor(t, [far.url]);
    const socket = open(t, http, { authorization: "Basic YWRtaW46cHc=", cookie: "a=b" });
    await once(socket, "open");
    assert.equal(socket.protocol, protocol);
    assert.deepEqual([far.headers[0]?.["authorization"], far.headers[0]?.["cookie"]], [undefined, undefined]);
    for (const text of ["{}", "ä".repeat(40_000)]) {
      socket.send(text);
      const [data] = await once(socket, "message");
      assert.equal(String(data), text);
    }
  });

  test("both ends close together, with the code that one gave", async (t) => {
    const far = await sipServer(t);
    const { http } = await consoleFor(t, [far.url]);
    const first = open(t, http);
    await once(first, "open");
    far.sockets[0]?.close(4001, "AuthenticationFailed");
    assert.deepEqual((await once(first, "close"))[0], 4001);
    const second = open(t, http);
    await once(second, "open");
    const gone = once(far.sockets[1] ?? second, "close");
    second.close(1000);
    assert.equal((await gone)[0], 1000);
    const third = open(t, http);
    await once(third, "open");
    const cut = once(far.sockets[2] ?? third, "close");
    third.terminate();
    assert.equal((await cut)[0], 1006);
  });

  test("the end of the console ends both sides; none is left", async (t) => {
    const far = await sipServer(t);
    const console = await consoleFor(t, [far.url]);
    const socket = open(t, console.http);
    await once(socket, "open");
    const ends = [once(socket, "close"), once(far.sockets[0] ?? socket, "close")];
    await console.close();
    await Promise.all(ends);
  });

  test("a page of another origin may not connect, not even of another port of this host; a program may", async (t) => {
    const far = await sipServer(t);
    const { http } = await consoleFor(t, [far.url]);
    const tried = (origin?: string): Promise<number> => status(open(t, http, origin === undefined ? {} : { origin }));
    assert.equal(await tried(http), 101);
    assert.equal(await tried(http.replace("http", "https")), 101, "behind a TLS proxy");
    assert.equal(await tried(), 101);
    const { hostname, port } = new URL(http);
    for (const origin of [
      `http://${hostname}:${Number(port) + 1}`,
      "http://evil.example",
      `http://evil.example:${port}`,
      "null",
    ]) {
      assert.equal(await tried(origin), 403, origin);
    }
    assert.equal(far.headers.length, 3);
  });

  test("who does not read makes SIP Server wait, and loses nothing", async (t) => {
    const far = await sipServer(t, { mute: true });
    const { http } = await consoleFor(t, [far.url]);
    const socket = open(t, http);
    await once(socket, "open");
    const server = far.sockets[0];
    assert(server !== undefined);
    socket.pause();
    const text = "x".repeat(64 * 1024);
    const count = 400;
    for (let n = 0; n < count; n += 1) server.send(text);
    // What the kernel takes at both hops is far less than 25 MB: the rest waits at SIP Server, which counts it.
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    assert.ok(server.bufferedAmount > 5_000_000, `${server.bufferedAmount} bytes wait`);
    let heard = 0;
    socket.on("message", (data: Buffer) => (heard += data.length));
    socket.resume();
    const closed = once(socket, "close");
    server.close(1000);
    await closed;
    assert.equal(heard, count * text.length);
  });

  test("no SIP Server, one that is gone, one that refuses: the answer says so", async (t) => {
    const none = await consoleFor(t, ["http://127.0.0.1:1"]);
    assert.equal(await status(open(t, none.http)), 503);
    const refusing = await sipServer(t, { refuse: true });
    const second = await consoleFor(t, [refusing.url]);
    assert.equal(await status(open(t, second.http)), 503);
    const gone = await role(t, "sip-server", () => undefined);
    const third = await consoleFor(t, [gone.url]);
    await fetch(`${third.http}/readyz`); // it has been seen
    await gone.close();
    assert.equal(await status(open(t, third.http)), 502);
  });

  test("what is no handshake of a WebSocket is refused by SIP Server, and the connection ends", async (t) => {
    const far = await sipServer(t);
    const { http } = await consoleFor(t, [far.url]);
    const { hostname, port } = new URL(http);
    const raw: Duplex = tcpConnect(Number(port), hostname);
    raw.write(`GET /tlib/v1 HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: Upgrade\r\nupgrade: nonsense\r\n\r\n`);
    let answer = "";
    raw.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await new Promise((resolve) => raw.once("close", resolve));
    assert.match(answer, /^HTTP\/1\.1 4\d\d /);
  });
});
