import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import type { InviteSession, SipEndpointOptions } from "../endpoint/types.ts";
import { CSEQ_STEP } from "./limits.ts";
import { CallRig, NOTHING } from "./rig.ts";
import type { SessionSnapshot } from "./session-snapshot.ts";

const timers = { expires: 100, minSe: 90 };

/** The snapshot as it comes back from a disk. */
function stored<T>(value: T | undefined): T {
  assert.ok(value !== undefined, "nothing to store");
  return JSON.parse(JSON.stringify(value)) as T;
}

/** The caller's element dies without a word, and another one takes its place. */
class Restart {
  readonly rig: CallRig;
  readonly next: SipEndpoint;
  #frames: string[] = [];

  private constructor(rig: CallRig, options: Partial<SipEndpointOptions>) {
    this.rig = rig;
    this.next = new SipEndpoint({
      clock: rig.clock,
      log: silentLogger,
      userAgent: "Rig",
      network: rig.network,
      onJournal: ({ direction, message }) => {
        if (direction === "in" || message === undefined) return;
        this.#frames.push(message.kind === "request" ? message.method : String(message.status));
      },
      ...options,
    });
  }

  /** @param away for how long nobody is there, ms */
  static async of(rig: CallRig, options: Partial<SipEndpointOptions> = {}, away = 0): Promise<Restart> {
    const [address] = rig.caller.bound;
    assert.ok(address !== undefined);
    await rig.caller.close();
    await rig.after(away);
    const restart = new Restart(rig, options);
    await restart.next.listen(address);
    return restart;
  }

  restore(snapshot: SessionSnapshot | undefined): InviteSession {
    return this.next.restoreSession(stored(snapshot));
  }

  /** What was sent since the last time. */
  sent(): string[] {
    return this.#frames.splice(0);
  }

  async leftovers(): Promise<readonly number[]> {
    await this.rig.after(70_000);
    const before = [this.next.stats().transactions, this.next.stats().dialogs];
    await this.next.close();
    return [...before, ...(await this.rig.leftovers()).slice(2)];
  }
}

test("RFC 3261 12: a restored dialog is what it was, but for the jump of its CSeq", async () => {
  const rig = await new CallRig({}, { sessionTimer: timers }).start();
  const { a, b } = await rig.call();
  for (const session of [a, b]) {
    const before = stored(session.snapshot());
    const again = stored(rig.caller.restoreSession(before).snapshot());
    const { localSequence } = before.dialog;
    assert.deepEqual(again, { ...before, dialog: { ...before.dialog, localSequence: localSequence + CSEQ_STEP } });
  }
});

test("R33: after a restart BYE of the peer is answered and told, ours is taken", async () => {
  for (const who of ["peer", "we"] as const) {
    const rig = await new CallRig().start();
    const { a, b } = await rig.call();
    const snapshot = a.snapshot();
    const restart = await Restart.of(rig);
    const again = restart.restore(snapshot);
    const ended: string[] = [];
    again.on("ended", ({ by }) => ended.push(by));
    if (who === "peer") b.terminate();
    else again.terminate();
    await rig.after(200);
    assert.deepEqual([ended, b.state], [[who === "peer" ? "remote" : "local"], "ended"]);
    assert.deepEqual(restart.sent(), [who === "peer" ? "200" : "BYE"]);
    assert.deepEqual((await restart.leftovers()).slice(0, 2), NOTHING.slice(0, 2));
  }
});

test("RFC 3261 12.2.1.1: requests that went out after the snapshot do not make ours look old", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("request", (incoming) => incoming.respond(200));
  const snapshot = a.snapshot();
  for (let i = 0; i < 5; i += 1) void a.request("INFO");
  await rig.after(50);
  const again = (await Restart.of(rig)).restore(snapshot);
  const answer = again.request("INFO");
  await rig.after(50);
  assert.equal((await answer).status, 200);
});

test("R33: re-INVITEs go both ways after a restart, and change what the next snapshot says", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const snapshot = a.snapshot();
  const again = (await Restart.of(rig)).restore(snapshot);
  let told = 0;
  again.on("refreshed", () => {
    told += 1;
  });
  again.on("reinvite", (incoming) => incoming.respond(200, { body: "a holds" }));
  b.on("reinvite", (incoming) => incoming.respond(200, { body: "b answers" }));
  const theirs = b.reinvite({ body: "b holds" });
  await rig.after(100);
  assert.equal((await theirs).status, 200);
  const ours = again.reinvite({ body: "a offers" });
  await rig.after(100);
  assert.equal((await ours).status, 200);
  const { localSdp, remoteSdp } = stored(again.snapshot());
  assert.deepEqual([localSdp, remoteSdp, told], ["a offers", "b answers", 2]);
});

test("RFC 4028 10: a restored refresher refreshes when it is due, at once where that was missed", async () => {
  for (const [away, due] of [
    [10_000, 39_000],
    [60_000, 900],
  ] as const) {
    const rig = await new CallRig({}, { sessionTimer: timers }).start();
    const { a, b } = await rig.call();
    const snapshot = a.snapshot();
    const restart = await Restart.of(rig, { sessionTimer: timers }, away);
    restart.restore(snapshot);
    await rig.after(due);
    assert.deepEqual(restart.sent(), [], `away for ${away} ms`);
    await rig.after(1500);
    assert.deepEqual(restart.sent(), ["UPDATE"], `away for ${away} ms`);
    assert.equal(b.state, "confirmed");
  }
});

test("RFC 4028 10: a restored session that nobody refreshes ends with BYE", async () => {
  const rig = await new CallRig({}, { sessionTimer: timers }).start();
  const { a, b } = await rig.call();
  const restart = await Restart.of(rig, { sessionTimer: timers });
  const again = restart.restore(b.snapshot());
  const ended: string[] = [];
  again.on("ended", ({ by }) => ended.push(by));
  await rig.after(67_000);
  assert.deepEqual(ended, []);
  await rig.after(2000);
  assert.deepEqual(ended, ["session-timer"]);
  assert.equal(a.state, "ended");
});

test("R33: a peer that knows nothing of the dialog any more is found out by a refresh", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const snapshot = a.snapshot();
  const restart = await Restart.of(rig);
  const again = restart.restore(snapshot);
  rig.network.filter = () => false;
  b.terminate();
  await rig.after(40_000);
  rig.network.filter = () => true;
  const refreshed = again.refresh();
  await rig.after(100);
  assert.deepEqual([(await refreshed).status, again.state], [481, "ended"]);
});

test("R33: a TCP phone whose connection is gone is reached over the one that it speaks over next", async () => {
  const rig = await new CallRig().start("tcp");
  const { a, b } = await rig.call();
  const theirs = b.snapshot();
  const [address] = rig.callee.bound;
  assert.ok(address !== undefined);
  await rig.callee.close();
  await rig.after(100);
  const next = new SipEndpoint({ clock: rig.clock, log: silentLogger, userAgent: "Rig", network: rig.network });
  await next.listen(address);
  const again = next.restoreSession(stored(theirs));
  a.on("request", (incoming) => incoming.respond(200));
  again.on("request", (incoming) => incoming.respond(200));
  const said = a.request("INFO");
  await rig.after(200);
  assert.equal((await said).status, 200);
  const connections = next.stats().connections;
  const ours = again.request("INFO");
  await rig.after(200);
  assert.deepEqual([(await ours).status, next.stats().connections], [200, connections]);
});

test("R33: a phone that rang when its caller's element died is cancelled by the next one", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(10);
  const [b] = rig.answered;
  assert.ok(b !== undefined);
  b.progress(180);
  await rig.after(10);
  const pending = stored(a.pending());
  const restart = await Restart.of(rig);
  restart.next.giveUp(pending, 503);
  await rig.after(100);
  assert.equal(b.state, "ended");
  assert.deepEqual(restart.sent(), ["CANCEL", "ACK"]);
  assert.deepEqual((await restart.leftovers()).slice(0, 2), NOTHING.slice(0, 2));
});

test("R33: a phone that answered while its caller's element was away is hung up", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(10);
  const [b] = rig.answered;
  assert.ok(b !== undefined);
  b.progress(180);
  await rig.after(10);
  const pending = stored(a.pending());
  b.accept({ body: "answer" });
  const restart = await Restart.of(rig, {}, 1000);
  restart.next.giveUp(pending, 503);
  await rig.after(5000);
  assert.equal(b.state, "ended");
  assert.deepEqual(
    restart.sent().filter((sent) => sent !== "CANCEL"),
    ["ACK", "BYE"],
  );
});

test("R33: who called and waits for an answer is told that there will be none", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(10);
  const [b] = rig.answered;
  assert.ok(b !== undefined);
  b.progress(180);
  await rig.after(10);
  const pending = stored(b.pending());
  const [address] = rig.callee.bound;
  assert.ok(address !== undefined);
  await rig.callee.close();
  let status = 0;
  a.on("rejected", (response) => {
    status = response.status;
  });
  const next = new SipEndpoint({ clock: rig.clock, log: silentLogger, userAgent: "Rig", network: rig.network });
  await next.listen(address);
  next.giveUp(pending, 503);
  await rig.after(100);
  assert.deepEqual([status, a.state], [503, "ended"]);
});
