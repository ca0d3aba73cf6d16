import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { responseTimeoutMs } from "./limits.ts";
import { Responses } from "./responses.ts";

function waiting(
  session: string,
  referenceId: number,
  events: readonly ("EventHeld" | "EventReleased")[] = ["EventHeld"],
) {
  const overdue: number[] = [];
  return { session, referenceId, thisDn: "7001", events, onOverdue: () => overdue.push(referenceId), overdue };
}

test("the event whose name, ThisDN and ConnID equal the request's answers it, once", () => {
  const responses = new Responses<string>(new ManualClock());
  responses.expect(waiting("s", 1), "c1");
  assert.equal(responses.take("EventHeld", "7002", "c1").size, 0);
  assert.equal(responses.take("EventHeld", "7001", "c2").size, 0);
  assert.equal(responses.take("EventReleased", "7001", "c1").size, 0);
  assert.deepEqual([...responses.take("EventHeld", "7001", "c1")], [["s", 1]]);
  assert.equal(responses.take("EventHeld", "7001", "c1").size, 0);
  assert.equal(responses.size, 0);
});

test("two requests of one session are answered by two events, of two sessions by one", () => {
  const responses = new Responses<string>(new ManualClock());
  responses.expect(waiting("s", 1), "c");
  responses.expect(waiting("s", 2), "c");
  responses.expect(waiting("t", 9), "c");
  assert.deepEqual(
    [...responses.take("EventHeld", "7001", "c")],
    [
      ["s", 1],
      ["t", 9],
    ],
  );
  assert.deepEqual([...responses.take("EventHeld", "7001", "c")], [["s", 2]]);
});

test("a request that makes a call learns its ConnID later; one that is settled takes no event", () => {
  const responses = new Responses<string>(new ManualClock());
  const made = responses.expect(waiting("s", 1), undefined);
  assert.equal(responses.take("EventHeld", "7001", "c").size, 0);
  made.about("c");
  assert.equal(made.settle(), true);
  assert.equal(made.settle(), false);
  assert.equal(responses.take("EventHeld", "7001", "c").size, 0);
});

test("what does not come in time is said once; a session that has ended waits for nothing; no timer is left", () => {
  const clock = new ManualClock();
  const responses = new Responses<string>(clock);
  const late = waiting("s", 1);
  responses.expect(late, "c");
  const gone = waiting("t", 2);
  responses.expect(gone, "c");
  responses.drop("t");
  clock.advance(responseTimeoutMs);
  assert.deepEqual([late.overdue, gone.overdue], [[1], []]);
  assert.equal(responses.take("EventHeld", "7001", "c").size, 0);
  assert.equal(clock.pending, 0);
});
