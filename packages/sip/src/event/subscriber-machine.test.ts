import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { newSubscriber, stepSubscriber, type Subscriber, type SubscriberInput } from "./subscriber-machine.ts";

function answered(status: number, more: Partial<SubscriberInput & { kind: "answered" }> = {}): SubscriberInput {
  return { kind: "answered", status, expires: 60, minExpires: undefined, retryAfter: undefined, ...more };
}

function notified(state: string, reason?: string, retryAfter?: number): SubscriberInput {
  return { kind: "notified", state: { state, expires: state === "active" ? 60 : undefined, reason, retryAfter } };
}

/** Runs inputs; gives the outputs of the last one as short words. */
function run(...inputs: SubscriberInput[]): { words: string[]; s: Subscriber } {
  let s = newSubscriber(60);
  let words: string[] = [];
  for (const input of [{ kind: "start" } as const, ...inputs]) {
    const [next, outputs] = stepSubscriber(s, input);
    s = next;
    words = outputs.map((o) => {
      if (o.kind === "subscribe") return `${o.fresh ? "subscribe" : "refresh"} ${o.expires}`;
      if (o.kind === "timer") return o.ms === undefined ? "stop" : `timer ${o.ms}`;
      if (o.kind === "terminated") return `terminated ${o.reason} ${o.retryMs ?? "never"}`;
      return o.kind === "active" ? `active ${o.expires}` : o.kind;
    });
  }
  return { words, s };
}

const up = [answered(200), notified("active")] as const;
const timer: SubscriberInput = { kind: "timer" };
const failed: SubscriberInput = { kind: "failed", why: "transport" };

describe("RFC 6665 4.1: a subscription that is kept up", () => {
  const table: [string, SubscriberInput[], string[]][] = [
    ["it begins with SUBSCRIBE", [], ["subscribe 60", "timer 4000"]],
    ["the first NOTIFY makes it", [...up], ["active 60", "timer 45000"]],
    ["4.1.2.4: also before the 2xx", [notified("active")], ["active 60", "timer 45000"]],
    ["a 2xx alone does not", [answered(200)], []],
    ["no NOTIFY after the 2xx: lost", [answered(200), timer], ["forget", "terminated timeout 250", "timer 250"]],
    ["no connection: lost", [failed], ["forget", "terminated transport 250", "timer 250"]],
    ["after the wait another SUBSCRIBE, outside the old dialog", [failed, timer], ["subscribe 60", "timer 4000"]],
    ["each loss doubles the wait", [failed, timer, failed], ["forget", "terminated transport 500", "timer 500"]],
    ["refreshed in its dialog in time", [...up, timer], ["refresh 60", "timer 4000"]],
    ["a refresh's 2xx gives the time", [...up, timer, answered(200, { expires: 20 })], ["timer 15000"]],
    [
      "481 to a refresh: asked anew at once",
      [...up, timer, answered(481)],
      ["forget", "terminated answered 481 0", "timer 0"],
    ],
    ["a connection that closes: refreshed at once", [...up, { kind: "flow-closed" }], ["refresh 60", "timer 4000"]],
    [
      "and lost where nobody is there",
      [...up, { kind: "flow-closed" }, failed],
      ["forget", "terminated transport 250", "timer 250"],
    ],
    ["423: asked for longer", [answered(423, { minExpires: 300 })], ["subscribe 300", "timer 4000"]],
    [
      "503 with Retry-After",
      [answered(503, { retryAfter: 7 })],
      ["forget", "terminated answered 503 7000", "timer 7000"],
    ],
    [
      "489: it may be a newer one in a minute",
      [answered(489)],
      ["forget", "terminated answered 489 60000", "timer 60000"],
    ],
    [
      "4.1.3 deactivated: at once",
      [...up, notified("terminated", "deactivated")],
      ["forget", "terminated deactivated 250", "timer 250"],
    ],
    [
      "4.1.3 probation: after retry-after",
      [...up, notified("terminated", "probation", 9)],
      ["forget", "terminated probation 9000", "timer 9000"],
    ],
    [
      "4.1.3 rejected: never again",
      [...up, notified("terminated", "rejected")],
      ["stop", "forget", "terminated rejected never"],
    ],
    [
      "close ends it with Expires: 0",
      [...up, { kind: "close" }],
      ["terminated closed never", "timer 1000", "refresh 0"],
    ],
    [
      "4.1.2.3: the dialog is there until the NOTIFY that says so",
      [...up, { kind: "close" }, answered(200), notified("active"), notified("terminated", "timeout")],
      ["stop", "forget"],
    ],
    ["closing, and no NOTIFY comes", [...up, { kind: "close" }, answered(200), timer], ["stop", "forget"]],
    ["closing, and the notifier knows of nothing", [...up, { kind: "close" }, answered(481)], ["stop", "forget"]],
    [
      "close while it waits says nothing to the wire",
      [failed, { kind: "close" }],
      ["stop", "forget", "terminated closed never"],
    ],
    ["after the end nothing happens", [{ kind: "close" }, timer, ...up, timer], []],
  ];
  for (const [title, inputs, words] of table) test(title, () => assert.deepEqual(run(...inputs).words, words));

  test("a subscription that came back begins its back-off anew", () => {
    assert.equal(run(failed, timer, failed, timer, ...up).s.retryMs, 250);
  });

  test("whatever comes: a timer runs unless it is over, and the wait never exceeds what was told", () => {
    const input = fc.oneof(
      fc.constantFrom<SubscriberInput>(timer, failed, { kind: "flow-closed" }),
      fc.constantFrom(200, 202, 403, 408, 423, 481, 489, 500, 503).map((status) => answered(status)),
      fc.constantFrom("active", "pending").map((state) => notified(state)),
      fc.constantFrom("deactivated", "probation", "timeout", "giveup", "odd").map((r) => notified("terminated", r)),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 30 }), (inputs) => {
        let s = newSubscriber(60);
        let running = false;
        for (const one of [{ kind: "start" } as const, ...inputs]) {
          if (one.kind === "timer") running = false;
          const [next, outputs] = stepSubscriber(s, one);
          s = next;
          for (const o of outputs) if (o.kind === "timer") running = o.ms !== undefined;
          assert.equal(running, s.phase !== "ended" && s.phase !== "idle");
          assert.ok(s.retryMs <= 5000);
        }
      }),
    );
  });
});
