import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import { CallRig } from "../session/rig.ts";
import { Notifier } from "./notifier.ts";
import type { Subscription } from "./types.ts";

const TYPE = "text/plain";

class EventRig extends CallRig {
  readonly seen: string[] = [];
  full = "all";
  notifier = this.#notifier();

  #notifier(): Notifier {
    return new Notifier(this.callee, { event: "x-test", contentType: TYPE, fullState: () => this.full });
  }

  async open(transport: "udp" | "tcp" = "tcp"): Promise<this> {
    await this.start(transport);
    this.serve();
    return this;
  }

  serve(): void {
    this.callee.onRequest = (tx) => this.notifier.receive(tx);
  }

  /** The notifier's process is another one: it knows nobody. */
  restart(): void {
    void this.notifier.close();
    this.notifier = this.#notifier();
  }

  subscribe(expires = 60): Subscription {
    const s = this.caller.subscribe({ uri: this.calleeUri, event: "x-test", accept: [TYPE], expires });
    s.on("active", (e) => this.seen.push(`active ${e.expires}`));
    s.on("terminated", (e) => this.seen.push(`terminated ${e.reason} ${e.retryMs ?? "never"}`));
    s.on("notify", (n) => this.seen.push(n.body.toString()));
    return s;
  }

  take(): string[] {
    return this.seen.splice(0);
  }
}

const NONE_LEFT = [0, 0, 0, 0, 0, 0];

for (const transport of ["udp", "tcp"] as const) {
  test(`RFC 6665 4.2.1: SUBSCRIBE over ${transport} is followed by the full state, each change by one NOTIFY; close ends it`, async () => {
    const rig = await new EventRig().open(transport);
    const s = rig.subscribe();
    await rig.after(20);
    assert.deepEqual(rig.take(), ["active 60", "all"]);
    assert.equal(s.state, "active");
    for (const key of ["1", "2", "3"]) rig.notifier.notify(key, `change ${key}`);
    await rig.after(20);
    assert.deepEqual(rig.take(), ["change 1", "change 2", "change 3"]);
    assert.equal(rig.notifier.subscribers.length, 1);
    await Promise.all([s.close(), rig.after(20)]);
    assert.deepEqual(rig.take(), ["terminated closed never"]);
    assert.equal(rig.notifier.subscribers.length, 0);
    assert.deepEqual(await rig.leftovers(), NONE_LEFT);
  });
}

test("RFC 6665 4.1.2.2: it is refreshed in its dialog in time, and each refresh brings the full state", async () => {
  const rig = await new EventRig().open();
  rig.subscribe(40);
  await rig.after(20);
  rig.take();
  rig.full = "all, later";
  await rig.after(30_000);
  assert.deepEqual(rig.take(), ["all, later"]);
  await rig.after(90_000);
  assert.equal(rig.notifier.subscribers.length, 1);
  assert.equal(rig.frames.filter((f) => f === "a SUBSCRIBE").length, 5);
});

test("RFC 6665 4.1.3: a notifier that ends it with deactivated is asked again", async () => {
  const rig = await new EventRig().open();
  rig.subscribe();
  await rig.after(20);
  rig.restart();
  await rig.after(20);
  assert.deepEqual(rig.take(), ["active 60", "all", "terminated deactivated 250"]);
  await rig.after(250);
  assert.deepEqual(rig.take(), ["active 60", "all"]);
});

test("RFC 6665 4.1: a notifier whose process is killed is missed at once and asked until it is back", async () => {
  const rig = await new EventRig().open();
  rig.subscribe();
  await rig.after(20);
  rig.take();
  const { port } = rig.callee.bound[0] ?? { port: 0 };
  await rig.callee.close();
  await rig.after(20);
  assert.deepEqual(rig.take(), ["terminated transport 250"]);
  await rig.after(2000);
  assert.deepEqual(rig.take(), ["terminated transport 500", "terminated transport 1000", "terminated transport 2000"]);
  const again = new SipEndpoint({ clock: rig.clock, log: silentLogger, network: rig.network, userAgent: "Again" });
  const notifier = new Notifier(again, { event: "x-test", contentType: TYPE, fullState: () => "all, anew" });
  again.onRequest = (tx) => notifier.receive(tx);
  await again.listen({ transport: "tcp", host: "127.0.0.1", port });
  await rig.after(5000);
  assert.deepEqual(rig.take().slice(-2), ["active 60", "all, anew"]);
  await again.close();
});

test("a notifier that says nothing any more: the refresh is given up after 4 s, and the subscription is lost", async () => {
  const rig = await new EventRig().open("udp");
  rig.subscribe();
  await rig.after(20);
  rig.take();
  rig.network.filter = () => false;
  await rig.after(45_000 + 4_000);
  assert.deepEqual(rig.take(), ["terminated timeout 250"]);
});

test("RFC 6665 4.2.2: a subscriber that does not answer NOTIFY, or refuses it, is forgotten", async () => {
  const rig = await new EventRig().open("udp");
  const s = rig.subscribe();
  await rig.after(20);
  void rig.caller.close();
  await rig.after(20);
  rig.notifier.notify("1", "change");
  await rig.after(40_000);
  assert.equal(rig.notifier.subscribers.length, 0);
  assert.equal(s.closed, true);
});

test("a subscription of the wrong package, type or time is refused as the RFC says", async () => {
  const rig = await new EventRig().open();
  const ask = async (headers: [string, string][]): Promise<number> => {
    const request = rig.caller.newRequest("SUBSCRIBE", {
      uri: rig.calleeUri,
      to: rig.calleeUri,
      from: "<sip:a@b>",
      headers,
    });
    request.headers.append("Contact", "<sip:127.0.0.1:9;transport=tcp>");
    const answer = new Promise<number>((resolve) => {
      rig.caller.request(request, { uri: rig.calleeUri }, { onFinal: (r) => resolve(r.status) });
    });
    await rig.after(20);
    return answer;
  };
  assert.equal(await ask([["Event", "presence"]]), 489);
  assert.equal(await ask([]), 489);
  assert.equal(
    await ask([
      ["Event", "x-test"],
      ["Accept", "image/png"],
    ]),
    406,
  );
  assert.equal(
    await ask([
      ["Event", "x-test"],
      ["Expires", "3"],
    ]),
    423,
  );
  assert.equal(rig.notifier.subscribers.length, 0);
  assert.equal(
    await ask([
      ["Event", "x-test"],
      ["Expires", "0"],
    ]),
    200,
  );
  assert.equal(rig.notifier.subscribers.length, 0);
});

test("closing does not wait for a notifier that says nothing any more", async () => {
  const rig = await new EventRig().open("udp");
  const s = rig.subscribe();
  await rig.after(20);
  rig.network.filter = () => false;
  let closed = false;
  void s.close().then(() => (closed = true));
  await rig.after(900);
  assert.equal(closed, false);
  await rig.after(200);
  assert.equal(closed, true);
});
