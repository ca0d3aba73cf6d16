import assert from "node:assert/strict";
import { test } from "node:test";
import { dnConfig } from "../registrar/phone.fixture.ts";
import { TrunkUse } from "./trunk-use.ts";

const trunks = ["a", "b", "c"].map((dn) => dnConfig(dn, { type: "trunk", capacity: dn === "a" ? 2 : undefined }));
const use = (): TrunkUse => new TrunkUse({ dn: (name) => trunks.find(({ dn }) => dn === name) });

test("capacity: as many calls as it says, each given back once; a trunk without one has no limit", () => {
  const counted = use();
  const first = counted.acquire("a");
  assert.ok(first !== undefined && counted.acquire("a") !== undefined);
  assert.deepEqual([counted.acquire("a"), counted.isFull("a"), counted.inUse("a")], [undefined, true, 2]);
  first();
  first();
  assert.deepEqual([counted.inUse("a"), counted.isFull("a")], [1, false]);
  assert.ok(counted.acquire("a") !== undefined);
  for (let i = 0; i < 100; i += 1) assert.ok(counted.acquire("b") !== undefined);
  assert.deepEqual([counted.inUse("b"), counted.inUse("c")], [100, 0]);
});

test("a group's trunks: in order, or each call beginning at the next; a member that is gone is left out", () => {
  const counted = use();
  const group = dnConfig("g", { type: "trunk-group", members: ["a", "gone", "b", "c"], loadBalanceScheme: "in-order" });
  const order = (g: typeof group): string =>
    counted
      .order(g)
      .map(({ dn }) => dn)
      .join("");
  assert.deepEqual([order(group), order(group)], ["abc", "abc"]);
  const round = { ...group, loadBalanceScheme: "round-robin" } as const;
  assert.deepEqual([order(round), order(round), order(round), order(round)], ["abc", "bca", "cab", "abc"]);
  assert.deepEqual(order({ ...round, members: [] }), "");
});
