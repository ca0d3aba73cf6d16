import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib, type TestClient, type TlibRig } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";

/** A desk on 7001 with a call that must survive whatever is said. */
async function desk(rig: TlibRig): Promise<TestClient> {
  const client = await rig.open();
  await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  return client;
}

test("bad input: unknown message, attribute, enumeration, type: the named error, and the session goes on", async (t) => {
  const rig = await startTlib(t);
  const client = await desk(rig);
  const rows: readonly [string, Record<string, unknown>, string][] = [
    ["RequestFlyAway", {}, "UnsupportedOperation"],
    ["RequestHoldCall", { ThisDN: "7001", ConnID, Extension: {} }, "InvalidAttribute"],
    ["RequestHoldCall", { ThisDN: "7001" }, "InvalidAttribute"],
    ["RequestHoldCall", { ThisDN: 7001, ConnID }, "InvalidAttribute"],
    ["RequestHoldCall", { ThisDN: "7001", ConnID: "0110031F8AB2C001" }, "InvalidAttribute"],
    ["RequestRegisterAddress", { ThisDN: "7001", RegisterMode: "ModeSecret" }, "InvalidAttribute"],
    ["RequestPrivateService", { ThisDN: "7001", ConnID, PrivateMsgID: 3099 }, "UnsupportedOperation"],
    ["RequestPrivateService", { ThisDN: "7001", ConnID, PrivateMsgID: "3013" }, "InvalidAttribute"],
    ["RequestUpdateUserData", { ThisDN: "7001", ConnID, UserData: { a: 1.5 } }, "InvalidAttribute"],
    ["RequestUpdateUserData", { ThisDN: "7001", ConnID, UserData: ["a"] }, "InvalidAttribute"],
    ["RequestUpdateUserData", { ThisDN: "7001", ConnID, UserData: { a: "x".repeat(33_000) } }, "TooLarge"],
  ];
  for (const [message, attributes, error] of rows) {
    const refused = await client.ask(message, attributes);
    assert.equal(errorOf(refused), error, `${message} ${JSON.stringify(attributes).slice(0, 80)}`);
    assert.equal(refused.attributes["UserEvent"], message);
  }
  assert.equal((await client.ask("RequestHoldCall", { ThisDN: "7001", ConnID })).message, "EventHeld");
});

test("bad input: what is no message, or no JSON, closes with 4000", async (t) => {
  const rig = await startTlib(t);
  for (const frame of ["", "{", "[]", "7", '{"message":"EventRinging","attributes":{}}', '{"attributes":{}}']) {
    const client = await desk(rig);
    client.socket.send(frame);
    assert.equal(await client.closed, 4000, frame);
  }
  assert(rig.calls.call(ConnID) !== undefined);
});

test("bad input: a message of 65 KB closes with 1009, one of a megabyte too", async (t) => {
  const rig = await startTlib(t);
  for (const size of [65 * 1024, 1024 * 1024]) {
    const client = await desk(rig);
    client.say("RequestQueryServer", { ReferenceID: 9, Extensions: { a: "x".repeat(size) } });
    assert.equal(await client.closed, 1009, String(size));
  }
  assert(rig.calls.call(ConnID) !== undefined);
});

test("bad input: a binary frame closes with 1003", async (t) => {
  const client = await desk(await startTlib(t));
  client.socket.send(Buffer.from("{}"));
  assert.equal(await client.closed, 1003);
});

test("bad input: a request before SessionOpen closes with 4000, silence with 4002", async (t) => {
  const rig = await startTlib(t);
  const hasty = await rig.connect();
  hasty.send("RequestQueryServer");
  assert.equal(await hasty.closed, 4000);
  const silent = await rig.connect();
  while (rig.server.stats().connections === 0) await new Promise(setImmediate);
  rig.clock.advance(10_000);
  assert.equal(await silent.closed, 4002);
});

test("bad input: a ReferenceID that was used is InvalidAttribute", async (t) => {
  const client = await desk(await startTlib(t));
  client.say("RequestQueryServer", { ReferenceID: 1 });
  assert.equal(errorOf(await client.nextWhere(() => true)), "InvalidAttribute");
});

test("bad input: 1,000 requests in a burst: each is answered once, those beyond the burst with TooManyRequests", async (t) => {
  const rig = await startTlib(t);
  const client = await desk(rig);
  for (let n = 0; n < 1000; n += 1) client.send("RequestQueryServer");
  await client.nextWhere(({ attributes }) => attributes["ReferenceID"] === 1001);
  const answers = client.heard.filter(({ attributes }) => Number(attributes["ReferenceID"]) > 1);
  assert.equal(new Set(answers.map(({ attributes }) => attributes["ReferenceID"])).size, 1000);
  assert.equal(answers.length, 1000);
  const served = answers.filter(({ message }) => message === "EventServerInfo").length;
  assert(served >= 90 && served <= 101, String(served));
  assert(answers.every((answer) => ["EventServerInfo", "TooManyRequests"].includes(String(errorOf(answer)))));
  rig.clock.advance(3000);
  assert.equal((await client.ask("RequestHoldCall", { ThisDN: "7001", ConnID })).message, "EventHeld");
});

test("bad input: 64 unanswered requests are the limit", async (t) => {
  const rig = await startTlib(t);
  const client = await desk(rig);
  rig.calls.acting = false;
  for (let n = 0; n < 64; n += 1) client.send("RequestHoldCall", { ThisDN: "7001", ConnID });
  assert.equal(errorOf(await client.ask("RequestHoldCall", { ThisDN: "7001", ConnID })), "TooManyRequests");
});

test("bad input: a client that never reads loses its session; the others hear everything", async (t) => {
  const rig = await startTlib(t, { limits: { replayMessages: 500 } });
  const [dead, alive] = [await desk(rig), await desk(rig)];
  dead.socket.pause();
  for (let n = 0; n < 250; n += 1) {
    await rig.calls.holdCall(ConnID, "7001");
    await rig.calls.retrieveCall(ConnID, "7001");
    alive.say("SessionAck", { Seq: alive.heard.at(-1)?.seq ?? 0 });
    await new Promise(setImmediate);
  }
  dead.socket.resume();
  assert.equal(await dead.closed, 4008);
  assert.equal(rig.server.stats().slowConsumers, 1);
  await alive.rest();
  assert.equal(alive.heard.filter(({ message }) => message === "EventHeld").length, 250);
  assert.deepEqual(
    alive.heard.filter(({ seq }) => seq !== undefined).map(({ seq }) => seq),
    Array.from({ length: alive.heard.length - 1 }, (_, at) => at + 1),
  );
});

test("authentication: a wrong password and an unknown application are 4001; who guesses waits and is refused", async (t) => {
  const rig = await startTlib(t);
  const tried = async (application: string, password: string, waits = false): Promise<number> => {
    const client = await rig.connect();
    const failed = rig.server.stats().failedLogins;
    client.open(application, password);
    while (waits && rig.server.stats().failedLogins === failed) await new Promise(setImmediate);
    if (waits) await rig.clock.advanceAsync(4_000);
    return client.closed;
  };
  assert.equal(await tried("nobody", "demo"), 4001);
  assert.equal(await tried("desk", ""), 4001);
  for (let n = 0; n < 4; n += 1) assert.equal(await tried("desk", "guess"), 4001);
  const sessions = rig.server.stats().sessions;
  assert.equal(await tried("desk", "demo", true), 4001);
  assert.equal(rig.server.stats().sessions, sessions);
  await rig.clock.advanceAsync(60_000);
  await rig.open("desk");
});

test("plain WebSockets are served on loopback only, unless configured", async (t) => {
  const status = async (o: { host: string; plainWs?: boolean }, protocols = "tlib.v1.json"): Promise<number> => {
    const { url } = await startTlib(t, o);
    return new Promise((resolve) => {
      const socket = new WebSocket(url, protocols);
      socket.once("unexpected-response", (_request, response) => {
        resolve(response.statusCode ?? 0);
        socket.on("error", () => undefined);
        socket.terminate();
      });
      socket.once("open", () => {
        resolve(101);
        socket.terminate();
      });
    });
  };
  assert.equal(await status({ host: "127.0.0.1" }), 101);
  assert.equal(await status({ host: "192.0.2.1" }), 403);
  assert.equal(await status({ host: "192.0.2.1", plainWs: true }), 101);
  assert.equal(await status({ host: "127.0.0.1" }, "tlib.v9.json"), 400);
});
