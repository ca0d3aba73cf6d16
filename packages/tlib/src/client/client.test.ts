import assert from "node:assert/strict";
import { test } from "node:test";
import { requestNames } from "../schema/index.ts";
import { prepareEvent } from "../session/index.ts";
import { FakeNetwork } from "./fake-network.fixture.ts";
import { type ClientEvent, TlibError, connect } from "./index.ts";

const named = (name: string) => (error: unknown) => error instanceof TlibError && error.name === name;

/** Reads until the stream ends. */
function readAll(events: AsyncIterable<ClientEvent>): { readonly got: ClientEvent[]; readonly done: Promise<void> } {
  const got: ClientEvent[] = [];
  const done = (async () => {
    for await (const event of events) got.push(event);
  })();
  return { got, done };
}

test("connect rejects: AuthenticationFailed on 4001, ConnectionFailed where nobody listens; no timer is left", async () => {
  const network = new FakeNetwork();
  await assert.rejects(network.connect({ applicationPassword: "guess" }), named("AuthenticationFailed"));
  network.refusing = true;
  await assert.rejects(network.connect(), named("ConnectionFailed"));
  assert.equal(network.bench.clock.pending, 0);
  await assert.rejects(connect({ url: "not a url", applicationName: "desk" }), named("ConnectionFailed"));
});

test("connect gives up a server that never opens the session", async () => {
  const network = new FakeNetwork({ openTimeoutMs: 1e9 });
  const silent = network.connect({ accessToken: () => new Promise(() => undefined) });
  const refused = assert.rejects(silent, named("ConnectionFailed"));
  await network.pass(10_000);
  await refused;
});

test("An access token is asked for anew at every connection", async () => {
  const network = new FakeNetwork();
  network.bench.tokens = true;
  let asked = 0;
  const client = await network.connect({ accessToken: () => Promise.resolve(`token${++asked}`) });
  network.cut();
  await network.pass(1_000);
  assert.equal(client.connected, true);
  const opens = network.said.filter((text) => text.includes("SessionOpen"));
  assert.deepEqual(
    opens.map((text) => /"AccessToken":"(\w+)"/.exec(text)?.[1]),
    ["token1", "token2"],
  );
  assert.ok(opens.every((text) => !text.includes("Password")));
  await client.close();
});

test("There is a method for every request, and recording control by name", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const methods = client as unknown as Readonly<Record<string, unknown>>;
  for (const name of requestNames) {
    const method = name.charAt(7).toLowerCase() + name.slice(8);
    assert.equal(typeof methods[method], "function", method);
  }
  const asked: unknown[] = [];
  network.onRequest = (_, request) => asked.push([request.message, request.attributes]);
  const target = { ThisDN: "7001", ConnID: "0110031f8ab2c001" };
  for (const method of [client.recordStart, client.recordStop, client.recordPause, client.recordResume])
    void method(target).catch(() => undefined);
  await network.pass();
  assert.deepEqual(
    asked,
    [3013, 3014, 3015, 3016].map((PrivateMsgID, i) => [
      "RequestPrivateService",
      { ReferenceID: i + 1, ...target, PrivateMsgID },
    ]),
  );
  await client.close();
});

test("A request resolves with its direct response and rejects with the name, code and text of its EventError", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  network.onRequest = (session, request) =>
    session.respond(request.attributes.ReferenceID, network.bench.info(request.attributes.ReferenceID));
  const info = await client.queryServer();
  assert.equal(info.message, "EventServerInfo");
  assert.equal(info.attributes.ServerVersion, "0.1.0");
  await assert.rejects(client.holdCall({ ThisDN: "7001", ConnID: "nonsense" }), (error) => {
    assert.ok(error instanceof TlibError);
    assert.deepEqual(
      [error.name, error.code, error.event?.attributes.UserEvent],
      ["InvalidAttribute", 53, "RequestHoldCall"],
    );
    return true;
  });
  await client.close();
  assert.equal(network.bench.clock.pending, 0, "no timer is left");
  await assert.rejects(client.queryServer(), named("Closed"));
});

test("A request above 64 KiB is refused here: at the server it would cost the connection", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const UserData = { text: "x".repeat(66_000) };
  await assert.rejects(
    client.attachUserData({ ThisDN: "7001", ConnID: "0110031f8ab2c001", UserData }),
    named("TooLarge"),
  );
  assert.equal(network.said.length, 1);
  await client.close();
});

test("Session 2: register waits for EventLinkConnected", async () => {
  const network = new FakeNetwork();
  network.linked = false;
  network.onRequest = (session, request) =>
    session.respond(request.attributes.ReferenceID, network.registered(request.attributes.ReferenceID, "7001"));
  const client = await network.connect();
  const registering = client.register("7001");
  await network.pass();
  assert.equal(network.said.length, 1);
  network.bench.session.publish(prepareEvent("EventLinkConnected", 0, { EventSequenceNumber: network.bench.next() }));
  assert.equal((await registering).attributes.ThisDN, "7001");
  await client.close();
});

test("Session 5: register resolves with all calls, those that follow in EventAddressInfo included", async () => {
  const network = new FakeNetwork();
  const call = (n: number) => ({ ConnID: `000000000000000${n}` });
  network.onRequest = (session, request) => {
    session.respond(
      request.attributes.ReferenceID,
      network.registered(request.attributes.ReferenceID, "7001", [call(1)], 2),
    );
    for (const more of [1, 0])
      session.publish(
        prepareEvent("EventAddressInfo", 0, {
          EventSequenceNumber: network.bench.next(),
          ThisDN: "7001",
          AddressInfoType: "CallsQuery",
          Calls: [call(3 - more)] as never,
          MoreCalls: more,
        } as never),
      );
  };
  const client = await network.connect();
  const { attributes } = await client.register("7001");
  assert.deepEqual(attributes.Calls, [call(1), call(2), call(3)]);
  assert.equal(attributes.MoreCalls, 0);
  await client.close();
});

test("Session 3: the iterator acknowledges only what it has processed; listeners when they return", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const events = client.events();
  for (let i = 0; i < 10; i++) network.bench.session.publish(network.bench.event(i));
  await network.pass(5_000);
  assert.equal(network.bench.server.stats().keptMessages, 12, "nothing has been asked for");
  for (let i = 0; i < 5; i++) await events.next();
  await network.pass(5_000);
  assert.equal(network.bench.server.stats().keptMessages, 8, "the fifth is still being worked on");
  await events.return?.();
  await network.pass(5_000);
  assert.equal(network.bench.server.stats().keptMessages, 0);
  const heard: number[] = [];
  client.on("EventDNOutOfService", (event) => heard.push(event.seq));
  network.bench.session.publish(network.bench.event());
  await network.pass(5_000);
  assert.deepEqual(heard, [13]);
  assert.equal(network.bench.server.stats().keptMessages, 0);
  await client.close();
});

test("Session 3: it acknowledges every 100 messages without waiting", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const { done } = readAll(client.events());
  for (let i = 0; i < 250; i++) network.bench.session.publish(network.bench.event(i));
  await network.pass();
  assert.ok(network.bench.server.stats().keptMessages < 100);
  await client.close();
  await done;
});

test("Back-pressure: above the bound the connection is given up, and nothing is lost when the consumer goes on", async () => {
  const network = new FakeNetwork();
  const client = await network.connect({ bufferedEvents: 50 });
  const events = client.events();
  for (let i = 0; i < 300; i++) network.bench.session.publish(network.bench.event(i));
  await network.pass(10_000);
  assert.equal(client.connected, false);
  assert.equal(network.sockets.length, 1, "it does not come back by itself");
  const seqs: number[] = [];
  for await (const event of events) {
    if (event.message !== "Reset") seqs.push(event.seq);
    if (seqs.length % 10 === 0) await network.pass();
    if (seqs.length === 302) break;
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 302 }, (_, i) => i + 1),
  );
  assert.ok(network.sockets.length > 3);
  assert.ok(network.said.length > 0);
  await client.close();
});

test("Back-pressure: a consumer that waits for a response before it goes on gets it, although its events are too many", async () => {
  const network = new FakeNetwork();
  network.onRequest = (session, request) =>
    session.respond(request.attributes.ReferenceID, network.bench.info(request.attributes.ReferenceID));
  const client = await network.connect({ bufferedEvents: 50 });
  const events = client.events();
  for (let i = 0; i < 300; i++) network.bench.session.publish(network.bench.event(i));
  await network.pass(1_000);
  assert.equal(client.connected, false);
  const asked = client.queryServer();
  await network.pass(1_000);
  assert.equal((await asked).message, "EventServerInfo");
  network.bench.session.publish(network.bench.event());
  await network.pass(1_000);
  assert.equal(client.connected, false, "and rests again");
  const seqs: number[] = [];
  for await (const event of events) {
    if (event.message !== "Reset") seqs.push(event.seq);
    if (seqs.length % 10 === 0) await network.pass();
    if (seqs.length === 304) break;
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 304 }, (_, i) => i + 1),
  );
  await client.close();
});

test("Session 4 and 6: after a drop it resumes by itself and sends again what the server has not accepted, once", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const states: string[] = [];
  client.on("disconnected", () => states.push("disconnected"));
  client.on("connected", ({ resumed }) => states.push(`resumed ${resumed}`));
  const ran: number[] = [];
  let answering = false;
  network.onRequest = (session, request) => {
    const { ReferenceID: id } = request.attributes;
    ran.push(id);
    if (answering) session.respond(id, network.bench.info(id));
  };
  const first = client.queryServer();
  await network.pass();
  const second = client.queryServer();
  network.cut();
  const third = client.queryServer();
  assert.deepEqual(ran, [1], "the second was lost on the way");
  answering = true;
  await network.pass(100);
  network.bench.session.respond(1, network.bench.info(1));
  assert.deepEqual(
    (await Promise.all([first, second, third])).map((event) => event.attributes.ReferenceID),
    [1, 2, 3],
  );
  assert.deepEqual(ran, [1, 2, 3]);
  assert.deepEqual(states, ["disconnected", "resumed true"]);
  await client.close();
});

test("Reconnects back off with jitter, from 0.1-0.2 s to 5-10 s", async () => {
  const network = new FakeNetwork({ resumeSeconds: 1000 });
  const client = await network.connect({ random: () => 0.999 });
  network.refusing = true;
  network.cut();
  const pauses: number[] = [];
  let at = network.bench.clock.now();
  for (let count = network.sockets.length; pauses.length < 9; ) {
    await network.pass(50);
    if (network.sockets.length === count) continue;
    count = network.sockets.length;
    pauses.push(network.bench.clock.now() - at);
    at = network.bench.clock.now();
  }
  assert.deepEqual(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  network.refusing = false;
  await network.pass(10_000);
  assert.equal(client.connected, true);
  await client.close();
});

test("Session 5 and 6: after a reset unanswered requests are OutcomeUnknown, unsent ones NotSent, and none is sent again", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const sent = assert.rejects(client.queryServer(), named("OutcomeUnknown"));
  await network.pass();
  network.restart();
  await network.pass();
  const unsent = assert.rejects(client.queryServer(), named("NotSent"));
  const ran: string[] = [];
  network.onRequest = (_, request) => ran.push(request.message);
  await network.pass(1_000);
  await Promise.all([sent, unsent]);
  assert.deepEqual(ran, []);
  await client.close();
});

test("Session 5: after a reset it registers its DNs again and tells so with the snapshot, before every event that applies to it", async () => {
  const network = new FakeNetwork();
  let calls: readonly object[] = [];
  let refuse = "";
  const seen: string[] = [];
  network.onRequest = (session, request) => {
    assert.ok(request.message === "RequestRegisterAddress" || request.message === "RequestUnregisterAddress");
    const { ReferenceID: id, ThisDN: dn } = request.attributes;
    seen.push(
      `${request.message} ${dn} ${"RegisterMode" in request.attributes ? request.attributes.RegisterMode : ""}`,
    );
    const EventSequenceNumber = network.bench.next();
    if (request.message === "RequestUnregisterAddress")
      session.respond(id, prepareEvent("EventUnregistered", 0, { EventSequenceNumber, ReferenceID: id, ThisDN: dn }));
    else if (dn === refuse)
      session.respond(
        id,
        prepareEvent("EventError", 0, {
          EventSequenceNumber,
          ReferenceID: id,
          ErrorCode: 42,
          ErrorName: "ResourceSeized",
          ErrorMessage: "",
        }),
      );
    else session.respond(id, network.registered(id, dn, calls));
    // An event of a DN that is registered already, while others are not.
    session.publish(network.bench.event());
  };
  const client = await network.connect();
  const { got, done } = readAll(client.events());
  const order: string[] = [];
  client.on("reset", () => order.push("reset"));
  for (const dn of ["7001", "7002", "7003"])
    await client.register(dn, dn === "7002" ? { RegisterMode: "ModeMonitor" } : {});
  await client.unregister("7003");
  client.on("event", (event) => order.push(event.message));
  await network.pass();
  seen.length = 0;
  order.length = 0;
  got.length = 0;
  calls = [{ ConnID: "0110031f8ab2c001" }];
  refuse = "7002";
  network.linked = false;
  network.restart();
  await network.pass(1_000);
  assert.deepEqual(seen, [], "it waits for the link");
  network.bench.session.publish(prepareEvent("EventLinkConnected", 0, { EventSequenceNumber: network.bench.next() }));
  await network.pass();
  assert.deepEqual(seen, ["RequestRegisterAddress 7001 ", "RequestRegisterAddress 7002 ModeMonitor"]);
  const [reset] = got;
  assert.ok(reset?.message === "Reset");
  assert.equal(reset.reason, "ServerRestarted");
  assert.deepEqual(reset.registrations.get("7001")?.Calls, calls);
  assert.equal(reset.failed.get("7002")?.name, "ResourceSeized");
  assert.deepEqual(
    got.slice(1).map((event) => event.message),
    [
      "EventServerConnected",
      "EventLinkConnected",
      "EventRegistered",
      "EventDNOutOfService",
      "EventError",
      "EventDNOutOfService",
    ],
  );
  assert.deepEqual(order, ["reset", ...got.slice(1).map((event) => event.message)]);
  seen.length = 0;
  network.restart();
  network.linked = true;
  await network.pass(1_000);
  assert.deepEqual(seen, ["RequestRegisterAddress 7001 "], "what failed is not tried again");
  await client.close();
  await done;
});

test("Session 5: many DNs are registered again without exceeding the server's rate and requests in flight", async () => {
  const network = new FakeNetwork();
  network.onRequest = (session, request) => {
    assert.ok(request.message === "RequestRegisterAddress");
    const { ReferenceID: id, ThisDN } = request.attributes;
    session.respond(id, network.registered(id, ThisDN));
  };
  const client = await network.connect();
  const { got, done } = readAll(client.events());
  const all = Array.from({ length: 400 }, (_, i) => client.register(String(7000 + i)));
  await network.pass(10_000);
  await Promise.all(all);
  network.restart();
  await network.pass(20_000);
  const reset = got.find((event) => event.message === "Reset");
  assert.deepEqual([reset?.registrations.size, reset?.failed.size], [400, 0]);
  assert.equal(network.bench.server.stats().tooManyRequests, 0);
  await client.close();
  await done;
});

test("Session 10: replaced by another connection (4003) it ends: iterators throw, requests reject, nothing reconnects", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const { done } = readAll(client.events());
  const failed = assert.rejects(done, named("Replaced"));
  const closed: unknown[] = [];
  client.on("closed", ({ error }) => closed.push(error?.name));
  const asked = assert.rejects(client.queryServer(), named("OutcomeUnknown"));
  await network.pass();
  network.cut(4003);
  await network.pass(60_000);
  await Promise.all([failed, asked]);
  assert.deepEqual([closed, client.closed, network.sockets.length], [["Replaced"], true, 1]);
  assert.equal(client.closed, true);
});

test("Session 10: a slow consumer that was cut off with 4008 hears a reset", async () => {
  const network = new FakeNetwork({ replayMessages: 20 });
  const client = await network.connect();
  const events = client.events();
  for (let i = 0; i < 30; i++) network.bench.session.publish(network.bench.event(i));
  await network.pass(1_000);
  const messages: string[] = [];
  for await (const { message } of events) {
    messages.push(message);
    if (message === "Reset") break;
  }
  assert.equal(messages.at(-1), "Reset");
  await client.close();
});

test("Transport: a server that has gone silent is given up after two missed beats", async () => {
  const network = new FakeNetwork({ heartbeatSeconds: 15 });
  const client = await network.connect();
  const reasons: string[] = [];
  client.on("disconnected", ({ reason }) => reasons.push(reason));
  await network.pass(60_000);
  assert.deepEqual(reasons, [], "pings keep it");
  network.mute = true;
  await network.pass(44_000);
  assert.deepEqual(reasons, []);
  await network.pass(2_000);
  assert.deepEqual(reasons, ["heartbeat lost"]);
  network.mute = false;
  await network.pass(15_000);
  assert.equal(client.connected, true);
  await client.close();
});

test("close says SessionClose, ends iterators after what they have, and is idempotent", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const { got, done } = readAll(client.events());
  await network.pass();
  await Promise.all([client.close(), client.close()]);
  await done;
  assert.equal(got.length, 2);
  assert.ok(network.said.at(-1)?.includes("SessionClose"));
  assert.deepEqual(
    network.bench.ended.map(({ reason }) => reason),
    ["ClientRequest"],
  );
  assert.equal(network.bench.clock.pending, 0);
});

test("A listener that throws disturbs neither the client nor other listeners", async () => {
  const network = new FakeNetwork();
  const errors: unknown[] = [];
  const client = await network.connect({ onListenerError: (error) => errors.push(error) });
  const heard: number[] = [];
  client.on("EventDNOutOfService", () => {
    throw new Error("mine");
  });
  client.on("event", ({ seq }) => heard.push(seq));
  network.bench.session.publish(network.bench.event());
  network.bench.session.publish(network.bench.event());
  await network.pass();
  assert.equal(errors.length, 2);
  assert.deepEqual(heard.slice(-2), [3, 4]);
  await client.close();
});

test("Envelope: an unknown event is let through with its name, and counts", async () => {
  const network = new FakeNetwork();
  const client = await network.connect();
  const heard: unknown[] = [];
  client.on("event", (event) => heard.push(event.message === "unknown" ? event.name : event.message));
  network.bench.session.publish(
    prepareEvent("EventFromTheFuture" as "EventLinkConnected", 0, { EventSequenceNumber: 1 }),
  );
  network.bench.session.publish(network.bench.event());
  await network.pass();
  assert.deepEqual(heard.slice(-2), ["EventFromTheFuture", "EventDNOutOfService"]);
  await client.close();
});
