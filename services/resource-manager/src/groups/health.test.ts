import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { flapWindowMs, maxReturnAnswers } from "../limits.ts";
import { type Health, type HealthInput, initialHealth, owedAnswers, stepHealth } from "./health.ts";

const rules = { failingMs: 2000, returnAnswers: 2 };
const ok: HealthInput = { kind: "answered", status: 200 };
const busy: HealthInput = { kind: "answered", status: 503 };
const silent: HealthInput = { kind: "unanswered" };
const refused: HealthInput = { kind: "connection-lost" };

/** Feeds inputs, one each 500 ms; gives the phases and what was told. */
function run(inputs: readonly HealthInput[], from = initialHealth(0), start = 0): { health: Health; told: string[] } {
  let health = from;
  const told: string[] = [];
  for (const [i, input] of inputs.entries()) {
    const [next, output] = stepHealth(health, input, start + i * 500, rules);
    health = next;
    told.push(`${health.phase}${output === undefined ? "" : ` ${output.kind}`}`);
  }
  return { health, told };
}

describe("health of a resource", () => {
  const up = run([ok]).health;

  for (const [title, input] of [
    ["404: it lives", { kind: "answered", status: 404 }],
    ["200", ok],
  ] as const) {
    test(`unknown → up on ${title}`, () => assert.deepEqual(run([input]).told, ["up came-up"]));
  }
  for (const [title, input] of [
    ["unanswered OPTIONS", silent],
    ["a connection that cannot be made", refused],
    ["408", { kind: "answered", status: 408 }],
  ] as const) {
    test(`up → lost on ${title}, told once`, () =>
      assert.deepEqual(run([input, input], up).told, ["down went-down", "down"]));
  }
  test("up → failing on 5xx; lost only when that lasts for the timeout, told once", () => {
    assert.deepEqual(run([busy, busy, busy, busy, busy, busy], up).told, [
      "failing",
      "failing",
      "failing",
      "failing",
      "down went-down",
      "down",
    ]);
  });
  test("failing → up on the next good answer, and nobody is told of either", () => {
    assert.deepEqual(run([busy, ok, busy, busy, ok], up).told, ["failing", "up", "failing", "failing", "up"]);
  });
  test("a lost one is back after two good answers in a row, not after one", () => {
    assert.deepEqual(run([silent, ok, silent, ok, ok], up).told, [
      "down went-down",
      "down",
      "down",
      "down",
      "up came-up",
    ]);
  });
  test("one that was never up needs one good answer", () => {
    assert.deepEqual(run([refused, refused, ok]).told, ["down went-down", "down", "up came-up"]);
  });
  test("flapping is damped: the third loss within a minute costs ten good answers, a quiet minute makes it two again", () => {
    let health = up;
    for (let i = 0; i < 3; i++) health = run([refused, ...Array<HealthInput>(i < 2 ? 20 : 0).fill(ok)], health).health;
    assert.equal(health.phase, "down");
    assert.equal(owedAnswers(health, 500, rules), 10);
    assert.equal(owedAnswers(health, flapWindowMs, rules), 2);
  });
  test("whatever comes: told of a loss and of a return in turn, and what answers for long enough is up", () => {
    const input = fc.constantFrom(ok, busy, silent, refused);
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        const { health, told } = run(inputs);
        const news = told.filter((t) => t.includes(" ")).map((t) => t.split(" ")[1]);
        const later = news[0] === "went-down" ? news.slice(1) : news;
        later.forEach((word, i) => assert.equal(word, i % 2 === 0 ? "came-up" : "went-down"));
        const well = run(Array<HealthInput>(maxReturnAnswers).fill(ok), health, inputs.length * 500);
        assert.equal(well.health.phase, "up");
      }),
    );
  });
});
