import assert from "node:assert/strict";
import { test } from "node:test";
import { afterChange, changeBetween, type LiveState, readLiveChange } from "./live-state.ts";

const a = { dn: "7001" };
const b = { dn: "7002" };

test("a change names what is new, other or gone, and nothing else", () => {
  const before: LiveState = {
    calls: new Map([
      ["1", a],
      ["2", b],
    ]),
    agents: new Map([["x", a]]),
  };
  const changed = { dn: "7001", state: "held" };
  const after: LiveState = {
    calls: new Map([
      ["1", changed],
      ["3", b],
    ]),
    agents: before["agents"] ?? new Map(),
  };
  const change = changeBetween(before, after);
  assert.deepEqual(change, {
    calls: {
      set: [
        ["1", changed],
        ["3", b],
      ],
      gone: ["2"],
    },
  });
  assert.equal(changeBetween(before, before), undefined);
  assert.equal(changeBetween(before, { calls: new Map(before["calls"]), agents: new Map([["x", a]]) }), undefined);
});

test("changes carried as JSON make the same state, whatever the steps", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  let state: LiveState = {};
  let mirror: LiveState = {};
  for (let step = 0; step < 500; step += 1) {
    const part = `p${random(3)}`;
    const next = new Map(state[part]);
    if (random(3) === 0) next.delete(`k${random(8)}`);
    else next.set(`k${random(8)}`, { n: step });
    const after = { ...state, [part]: next };
    const change = changeBetween(state, after);
    state = after;
    if (change === undefined) continue;
    const read = readLiveChange(JSON.stringify(change));
    assert(read !== undefined);
    mirror = afterChange(mirror, read);
    for (const [name, values] of Object.entries(state))
      assert.deepEqual(new Map(mirror[name]), values, `step ${step}, ${name}`);
  }
});

test("what is no change is not taken for one", () => {
  for (const text of [
    "",
    "7",
    "null",
    "[]",
    '{"calls":1}',
    '{"calls":{"set":[["1"]],"gone":[]}}',
    '{"calls":{"set":[]}}',
  ])
    assert.equal(readLiveChange(text), undefined, text);
});
