import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { ManualClock, SidetoneError, silentLogger, systemClock } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import type { SipEndpointOptions } from "../endpoint/types.ts";
import { MemoryNetwork } from "./memory.ts";
import { CONNECT_TIMEOUT_MS, FIRST_MESSAGE_TIMEOUT_MS, IDLE_TIMEOUT_MS, MAX_CONNECTIONS_PER_SOURCE } from "./limits.ts";
import type { HostPort, StreamConnection } from "./types.ts";

const OPTIONS = `OPTIONS sip:bob@127.0.0.1 SIP/2.0\r
Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bK1\r
Max-Forwards: 70\r
From: <sip:a@127.0.0.1>;tag=1\r
To: <sip:b@127.0.0.1>\r
Call-ID: c1\r
CSeq: 1 OPTIONS\r
Content-Length: `;

async function streamRig(options: Partial<SipEndpointOptions> = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const endpoint = new SipEndpoint({ clock, log: silentLogger, userAgent: "T", network, ...options });
  const { port } = await endpoint.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const place: HostPort = { host: "127.0.0.1", port };
  const open = async (): Promise<{ stream: StreamConnection; heard: string[]; closed: () => boolean }> => {
    const stream = network.connectStream(place);
    const heard: string[] = [];
    let closed = false;
    stream.onData = (bytes) => heard.push(bytes.toString("latin1"));
    stream.onClose = () => {
      closed = true;
    };
    await clock.advanceAsync(5);
    return { stream, heard, closed: () => closed };
  };
  return { clock, network, endpoint, open, place };
}

test("RFC 5626 3.5.1: a CRLF CRLF ping is answered with CRLF", async () => {
  const { clock, open } = await streamRig();
  const { stream, heard } = await open();
  stream.write(Buffer.from("\r\n\r\n"));
  await clock.advanceAsync(5);
  assert.deepEqual(heard, ["\r\n"]);
});

test("RFC 3261 18.3: a request whose length cannot be read gets 400, and the connection is closed", async () => {
  const { clock, open, endpoint } = await streamRig();
  const { stream, heard, closed } = await open();
  stream.write(Buffer.from(`${OPTIONS}abc\r\n\r\n`));
  await clock.advanceAsync(5);
  assert.match(heard.join(""), /^SIP\/2.0 400 /);
  assert.equal(closed(), true);
  assert.equal(endpoint.stats().connections, 0);
  assert.equal(endpoint.stats().malformed, 1);
});

test("a message may come in pieces, and two in one", async () => {
  const { clock, open, endpoint } = await streamRig();
  const { stream, heard } = await open();
  const second = OPTIONS.replace("z9hG4bK1", "z9hG4bK2").replace("c1", "c2");
  const text = `${OPTIONS}0\r\n\r\n${second}0\r\n\r\n`;
  for (const cut of [10, 200, text.length])
    stream.write(Buffer.from(text.slice(cut === 10 ? 0 : cut === 200 ? 10 : 200, cut)));
  await clock.advanceAsync(5);
  assert.equal(heard.join("").split("SIP/2.0 200").length - 1, 2);
  assert.equal(endpoint.stats().receivedMessages, 2);
});

test("a connection without a first message is closed, and an idle one later", async () => {
  const { clock, open } = await streamRig();
  const silent = await open();
  const talker = await open();
  talker.stream.write(Buffer.from(`${OPTIONS}0\r\n\r\n`));
  await clock.advanceAsync(FIRST_MESSAGE_TIMEOUT_MS + 5);
  assert.deepEqual([silent.closed(), talker.closed()], [true, false]);
  talker.stream.write(Buffer.from("\r\n\r\n"));
  await clock.advanceAsync(IDLE_TIMEOUT_MS - 10);
  assert.equal(talker.closed(), false);
  await clock.advanceAsync(20);
  assert.equal(talker.closed(), true);
  assert.equal(clock.pending, 0);
});

test("peers that are not accepted are not heard", async () => {
  const { open, endpoint } = await streamRig({ acceptPeer: (ip) => ip !== "127.0.0.1" });
  const { closed } = await open();
  assert.equal(closed(), true);
  assert.equal(endpoint.stats().connections, 0);
});

test("one address gets no more than its share of connections; loopback is exempt", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  network.localAddressTowards = () => "10.0.0.9";
  const endpoint = new SipEndpoint({ clock, log: silentLogger, userAgent: "T", network });
  const { port } = await endpoint.listen({ transport: "tcp", host: "10.0.0.1", port: 0 });
  for (let i = 0; i < MAX_CONNECTIONS_PER_SOURCE + 5; i++) network.connectStream({ host: "10.0.0.1", port });
  clock.advance(5);
  assert.equal(endpoint.stats().connections, MAX_CONNECTIONS_PER_SOURCE);
  await endpoint.close();
});

test("RFC 3261 18: requests to the same place share one connection, and the peer's requests come back over it", async () => {
  const { clock, network, endpoint, place } = await streamRig();
  const client = new SipEndpoint({ clock, log: silentLogger, userAgent: "C", network });
  const bound = await client.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const uri = `sip:127.0.0.1:${place.port};transport=tcp`;
  const answers = Promise.all([client.options(uri, 1000), client.options(uri, 1000)]);
  await clock.advanceAsync(20);
  assert.deepEqual(
    (await answers).map((r) => r?.status),
    [200, 200],
  );
  const back = endpoint.options(`sip:127.0.0.1:${bound.port};transport=tcp`, 1000);
  await clock.advanceAsync(20);
  assert.equal((await back)?.status, 200);
  assert.deepEqual([client.stats().connections, endpoint.stats().connections], [1, 1]);
  await Promise.all([client.close(), endpoint.close()]);
  await clock.advanceAsync(20);
  assert.deepEqual([clock.pending, network.open], [0, 0]);
});

test("RFC 3261 17.1.4: a lost connection ends the requests that wait on it, at once, and is told", async () => {
  const { clock, network, endpoint, place } = await streamRig();
  endpoint.onRequest = () => undefined;
  const client = new SipEndpoint({ clock, log: silentLogger, userAgent: "C", network });
  const lost: string[] = [];
  client.onFlowClosed = (flow) => lost.push(flow.transport);
  const uri = `sip:127.0.0.1:${place.port};transport=tcp`;
  const request = client.newRequest("INFO", { uri, to: uri, from: "sip:c@127.0.0.1" });
  const failures: string[] = [];
  client.request(request, { uri }, { onFinal: () => undefined, onFailure: (why) => failures.push(why) });
  await clock.advanceAsync(100);
  await endpoint.close();
  await clock.advanceAsync(5);
  assert.deepEqual([failures, lost], [["transport"], ["tcp"]]);
});

test("a connection that does not open in 5 s fails its requests", async () => {
  const { clock, endpoint } = await streamRig();
  const uri = "sip:10.9.9.9:5060;transport=tcp";
  const stuck = new MemoryNetwork({ clock, delayMs: 1_000_000 });
  const client = new SipEndpoint({ clock, log: silentLogger, userAgent: "C", network: stuck });
  const failures: number[] = [];
  const request = client.newRequest("INFO", { uri, to: uri, from: "sip:c@127.0.0.1" });
  client.request(request, { uri }, { onFinal: () => undefined, onFailure: () => failures.push(clock.now()) });
  await clock.advanceAsync(CONNECT_TIMEOUT_MS + 10);
  assert.deepEqual(failures, [CONNECT_TIMEOUT_MS]);
  await Promise.all([client.close(), endpoint.close()]);
});

for (const [mode, listening, expected] of [
  ["tcp-then-udp", "both", "tcp"],
  ["tcp-then-udp", "udp", "udp"],
  ["tcp-only", "udp", "none"],
  ["as-is", "both", "udp"],
] as const) {
  test(`RFC 3261 18.1.1: a large request with ${mode} to a peer with ${listening} goes over ${expected}`, async () => {
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock });
    const server = new SipEndpoint({ clock, log: silentLogger, userAgent: "S", network });
    const { port } = await server.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
    if (listening === "both") await server.listen({ transport: "tcp", host: "127.0.0.1", port });
    const over: string[] = [];
    server.onRequest = (tx) => {
      over.push(`${tx.flow.transport} ${tx.request.topVia?.transport ?? ""}`);
      tx.respond(200);
    };
    const client = new SipEndpoint({ clock, log: silentLogger, userAgent: "C", network, largeRequests: mode });
    await client.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
    await client.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
    const uri = `sip:127.0.0.1:${port}`;
    for (let i = 0; i < 2; i++) {
      const request = client.newRequest("INFO", { uri, to: uri, from: "sip:c@127.0.0.1", body: "x".repeat(1300) });
      const final = new Promise((resolve) => {
        client.request(request, { uri }, { onFinal: resolve, onFailure: resolve });
      });
      await clock.advanceAsync(50);
      await final;
    }
    assert.deepEqual(
      over,
      expected === "none" ? [] : Array.from({ length: 2 }, () => `${expected} ${expected.toUpperCase()}`),
    );
    await Promise.all([client.close(), server.close()]);
    await clock.advanceAsync(10);
    assert.deepEqual([clock.pending, network.open], [0, 0]);
  });
}

test("RFC 3263 4.2: host names are looked up; one that does not exist fails the request", async () => {
  const { clock, network, endpoint, place } = await streamRig();
  network.names.set("pbx.example", "127.0.0.1");
  const known = endpoint.options(`sip:pbx.example:${place.port};transport=tcp`, 1000);
  await clock.advanceAsync(10);
  assert.equal((await known)?.status, 200);
  const unknown = endpoint.options("sip:nowhere.example", 1000);
  await clock.advanceAsync(10);
  assert.equal(await unknown, undefined);
  const tls = endpoint.options("sips:pbx.example", 1000);
  await clock.advanceAsync(10);
  assert.equal(await tls, undefined);
});

test("a port in use is an error with exit code 2 that names the port", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const endpoint = new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "T" });
  await assert.rejects(endpoint.listen({ transport: "tcp", host: "127.0.0.1", port }), (error) => {
    assert.ok(error instanceof SidetoneError);
    assert.deepEqual([error.code, error.exit], ["port-in-use", 2]);
    assert.match(error.message, new RegExp(String(port)));
    return true;
  });
  blocker.close();
  await endpoint.close();
});
