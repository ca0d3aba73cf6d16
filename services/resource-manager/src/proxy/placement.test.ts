import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { finalAnswerMs, firstAnswerMs, knownAnswerMs } from "../limits.ts";
import { isRetryable, newPlacement, type Placement, type PlacementInput, stepPlacement } from "./placement.ts";

/** Runs inputs through a placement; gives the outputs of the last one as short words. */
function run(resources: string[], ...inputs: PlacementInput[]): string[] {
  let p = newPlacement(resources);
  let words: string[] = [];
  for (const input of [{ kind: "start" } as const, ...inputs]) {
    const [next, outputs] = stepPlacement(p, input);
    p = next;
    words = outputs.map((o) => {
      if (o.kind === "send") return `send ${o.address}`;
      if (o.kind === "timer") return o.ms === undefined ? "stop" : `timer ${o.ms}`;
      if (o.kind === "respond") return `respond ${o.status}`;
      if (o.kind === "let-go") return `let-go ${o.attempt} ${o.why}`;
      return "attempt" in o ? `${o.kind} ${o.attempt}` : o.kind;
    });
  }
  return words;
}

const provisional = (attempt: number, status: number): PlacementInput => ({ kind: "provisional", attempt, status });
const final = (attempt: number, status: number): PlacementInput => ({ kind: "final", attempt, status });
const failed = (attempt: number, why: "timeout" | "transport"): PlacementInput => ({ kind: "failed", attempt, why });
const silence: PlacementInput = { kind: "silence" };
const cancel: PlacementInput = { kind: "cancel" };

test("start: the first resource, with a short patience only where there is another", () => {
  assert.deepEqual(run(["a", "b"]), ["send a", `timer ${firstAnswerMs}`]);
  assert.deepEqual(run(["a"]), ["send a", "stop"]);
});

test("RFC 3261 16.7 step 5: a 2xx is forwarded at once and binds", () => {
  assert.deepEqual(run(["a", "b"], final(0, 200)), ["stop", "accepted 0", "forward"]);
});

test("RFC 3261 16.7 step 5: 100 is not forwarded, 18x is", () => {
  assert.deepEqual(run(["a", "b"], provisional(0, 100)), [`timer ${finalAnswerMs}`]);
  assert.deepEqual(run(["a", "b"], provisional(0, 180)), ["stop", "forward"]);
  assert.deepEqual(run(["a"], provisional(0, 100)), ["stop"]);
});

test("R31: 480, 486, 408 and 5xx send the INVITE to the next resource in the same transaction", () => {
  for (const status of [408, 480, 486, 500, 503]) {
    assert(isRetryable(status));
    assert.deepEqual(run(["a", "b"], final(0, status)), ["let-go 0 refused", "send b", "stop"]);
  }
});

test("any other refusal is the answer", () => {
  for (const status of [302, 400, 403, 404, 488, 600]) {
    assert.deepEqual(run(["a", "b"], final(0, status)), ["let-go 0 refused", "stop", "forward"]);
  }
});

test("when the last one refuses too, its refusal goes to the client", () => {
  assert.deepEqual(run(["a", "b"], final(0, 503), final(1, 486)), ["let-go 1 refused", "stop", "forward-kept 1"]);
});

test("a refusal is better than silence: it is kept while the next ones fail", () => {
  assert.deepEqual(run(["a", "b"], final(0, 486), failed(1, "transport")), [
    "let-go 1 transport",
    "stop",
    "forward-kept 0",
  ]);
});

test("no connection to any: 503; no answer from the only one: 408", () => {
  assert.deepEqual(run(["a", "b"], failed(0, "transport"), failed(1, "transport")), [
    "let-go 1 transport",
    "stop",
    "respond 503",
  ]);
  assert.deepEqual(run(["a"], failed(0, "timeout")), ["let-go 0 timeout", "stop", "respond 408"]);
});

test("silence: the resource is left and cancelled, the next one is asked", () => {
  assert.deepEqual(run(["a", "b"], silence), ["cancel 0", "let-go 0 silence", "send b", "stop"]);
  assert.deepEqual(run(["a", "b"], provisional(0, 100), silence), ["cancel 0", "let-go 0 silence", "send b", "stop"]);
  assert.deepEqual(run(["a"], silence), []);
});

test("contract, affinity: a 2xx of a resource that was left wins if it is first, and the other is cancelled", () => {
  assert.deepEqual(run(["a", "b"], silence, final(0, 200)), ["stop", "accepted 0", "cancel 1", "forward"]);
});

test("contract, affinity: a late second 2xx is forwarded too, for the client to ACK and BYE", () => {
  assert.deepEqual(run(["a", "b"], silence, final(1, 200), final(0, 200)), ["forward"]);
});

test("the 487 of a resource that was left changes nothing while the next one is being asked", () => {
  assert.deepEqual(run(["a", "b"], silence, final(0, 487)), ["let-go 0 refused"]);
  assert.deepEqual(run(["a", "b"], silence, final(0, 487), final(1, 200)), ["stop", "accepted 1", "forward"]);
});

test("RFC 3261 16.10: CANCEL goes to every pending client transaction, and its 487 to the client", () => {
  assert.deepEqual(run(["a", "b"], provisional(0, 100), cancel), ["stop", "cancel 0"]);
  assert.deepEqual(run(["a", "b"], cancel, final(0, 487)), ["let-go 0 refused", "stop", "forward"]);
});

test("after CANCEL no other resource is tried", () => {
  assert.deepEqual(run(["a", "b"], cancel, failed(0, "transport")), ["let-go 0 transport", "stop", "respond 487"]);
  assert.deepEqual(run(["a", "b"], cancel, final(0, 503)), ["let-go 0 refused", "stop", "forward"]);
});

test("after CANCEL a 2xx that crossed it is forwarded", () => {
  assert.deepEqual(run(["a", "b"], cancel, final(0, 200)), ["stop", "accepted 0", "forward"]);
});

test("whatever comes, the client gets one final answer of its own or none while something is under way", () => {
  const input = fc.oneof(
    fc.record({ kind: fc.constant("provisional" as const), attempt: fc.nat(2), status: fc.constantFrom(100, 180) }),
    fc.record({
      kind: fc.constant("final" as const),
      attempt: fc.nat(2),
      status: fc.constantFrom(200, 404, 486, 487, 503),
    }),
    fc.record({
      kind: fc.constant("failed" as const),
      attempt: fc.nat(2),
      why: fc.constantFrom("timeout" as const, "transport" as const),
    }),
    fc.constant(silence),
    fc.constant(cancel),
  );
  fc.assert(
    fc.property(fc.array(input, { maxLength: 12 }), (inputs) => {
      let p: Placement = newPlacement(["a", "b", "c"]);
      let refusals = 0;
      const sent = new Set<number>();
      const finished = new Set<number>();
      for (const i of [{ kind: "start" } as const, ...inputs]) {
        // The transaction layer gives one refusal or failure per attempt that was sent, no more.
        if ("attempt" in i) {
          if (!sent.has(i.attempt)) continue;
          if (finished.has(i.attempt) && !(i.kind === "final" && i.status === 200)) continue;
          if (i.kind !== "provisional") finished.add(i.attempt);
        }
        const [next, outputs] = stepPlacement(p, i);
        p = next;
        for (const o of outputs) {
          if (o.kind === "send") sent.add(o.attempt);
          if (o.kind === "respond" || o.kind === "forward-kept") refusals += 1;
          if (o.kind === "forward" && i.kind === "final" && i.status >= 300) refusals += 1;
        }
      }
      assert(refusals <= 1);
      const pending = p.attempts.some((a) => a.state === "calling" || a.state === "proceeding");
      if (!pending) assert(p.outcome !== "open");
    }),
  );
});

test("contract, affinity: a late 2xx after the client was refused is for nobody: we end it ourselves", () => {
  assert.deepEqual(run(["a", "b"], silence, final(1, 486), final(0, 200)), ["dismiss 0"]);
  assert.deepEqual(run(["a", "b"], silence, final(1, 404), final(0, 200)), ["dismiss 0"]);
  assert.deepEqual(run(["a", "b"], silence, cancel, final(1, 487), final(0, 200)), ["dismiss 0"]);
});

test("R31: where a recording is there already the first one is waited for longer, the others are not", () => {
  const [started, first] = stepPlacement(newPlacement(["a", "b", "c"], knownAnswerMs), { kind: "start" });
  assert.deepEqual(first.at(-1), { kind: "timer", ms: knownAnswerMs });
  const [, second] = stepPlacement(started, { kind: "silence" });
  assert.deepEqual(second.at(-1), { kind: "timer", ms: firstAnswerMs });
});
