import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Bounds } from "./actions.ts";
import { Coverage } from "./coverage.ts";
import { type Exploration, exploreAll, walkRandomly } from "./explore.ts";
import { model } from "./model.ts";
import { seededBugs } from "./seeded-bugs.ts";

/** The seed of the random walks: fixed, so that a failure comes again. `run.ts` takes others. */
const SEED = 20_261_128;
const coverage = new Coverage();

function good(t: TestContext, { found, ...numbers }: Exploration): void {
  t.diagnostic(JSON.stringify(numbers));
  assert.equal(found, undefined, `${found?.check ?? ""}: ${found?.detail ?? ""}\n${found?.path.join("\n") ?? ""}`);
}

const exhausted: readonly [what: string, bounds: Bounds, states: number, transitions: number][] = [
  [
    "one call, up to four phones and a routing point",
    { phones: 4, second: false, routing: true, recording: false },
    1000,
    60_000,
  ],
  [
    "one call that is recorded, up to three phones and a routing point",
    { phones: 3, second: false, routing: true, recording: true },
    1000,
    40_000,
  ],
  [
    "two calls with a phone in both, three phones: consulted, calling, called; joined in both ways and directions",
    { phones: 3, second: true, routing: false, recording: false },
    3000,
    200_000,
  ],
];
for (const [what, bounds, states, transitions] of exhausted) {
  test(`every input in every state: ${what}`, (t) => {
    const explored = exploreAll(model, { bounds, maxStates: 20_000 }, coverage);
    good(t, explored);
    assert.ok(explored.exhausted, "something was left out");
    assert.ok(explored.states >= states, `${explored.states} states`);
    assert.ok(explored.transitions >= transitions, `${explored.transitions} transitions`);
  });
}

test(`random walks, seed ${SEED}: two calls, four phones, routing points, recording`, (t) => {
  const bounds: Bounds = { phones: 4, second: true, routing: true, recording: true };
  const walked = walkRandomly(
    model,
    { bounds, maxStates: 100_000, maxTransitions: 200_000, seed: SEED, length: 100 },
    coverage,
  );
  good(t, walked);
  assert.ok(walked.states >= 3000, `${walked.states} states`);
});

test("every kind of input has met every state of a party, and every merge both ways", (t) => {
  const inputs = ["ringing", "answered", "held", "retrieved", "queued", "released", "routed", "transferred"];
  const states = ["dialing", "ringing", "queued", "connected", "held", "released", "nobody"];
  const expected = [
    ...inputs.flatMap((input) => states.map((state) => `party-${input} × ${state}`)),
    ...["transfer", "conference"].flatMap((how) =>
      ["connected", "held", "released"].flatMap((one) =>
        ["dialing", "ringing", "connected", "held", "released"].map((two) => `merge ${how} × ${one}, ${two}`),
      ),
    ),
    ...["consult", "calls", "called"].flatMap((how) => ["connected", "held"].map((state) => `begin ${how} × ${state}`)),
    ...["On", "Paused", "Off"].flatMap((input) =>
      ["absent", "On", "Paused", "Off"].map((state) => `recording ${input} × call up, recording ${state}`),
    ),
  ];
  const { pairs } = coverage;
  t.diagnostic(`${pairs.size} pairs of input and state`);
  const missing = expected.filter((pair) => !pairs.has(pair));
  assert.deepEqual(missing, []);
  assert.ok(pairs.size >= 150, `${pairs.size} pairs`);
});

for (const { name, caughtBy, model: wrong } of seededBugs) {
  test(`seeded bug, caught by ${caughtBy}: ${name}`, (t) => {
    const bounds: Bounds = { phones: 3, second: true, routing: false, recording: true };
    const { found, transitions } = exploreAll(wrong, { bounds, maxStates: 6000 });
    assert.equal(found?.check, caughtBy, found?.detail ?? "not caught");
    t.diagnostic(`after ${transitions} transitions: ${found.detail}`);
  });
}

test("there are ten seeded bugs at least, and every part of the checker catches one", () => {
  assert.ok(seededBugs.length >= 10);
  const parts = new Set(seededBugs.map(({ caughtBy }) => caughtBy));
  assert.deepEqual(Array.from(parts).toSorted(), [
    "attributes",
    "automaton",
    "invariants",
    "legs",
    "rows",
    "user-data",
  ]);
});
