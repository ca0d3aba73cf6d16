import assert from "node:assert/strict";
import { test } from "node:test";
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
    this.notifier.close();
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
