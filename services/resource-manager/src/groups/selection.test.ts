import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceConfig } from "@sidetone/config";
import fc from "fast-check";
import { Resource } from "./resource.ts";
import { type Offer, type Scheme, select, type SelectionInput } from "./selection.ts";

const rules = { failingMs: 2000, returnAnswers: 1 };

function resource(name: string, more: Partial<ResourceConfig> = {}, up = true): Resource {
  const config = { portCapacity: 4, preference: 1, geoLocation: undefined, withdrawn: false, ...more };
  const r = new Resource("g", { ...config, address: name }, rules, 0);
  if (up) r.observe({ kind: "answered", status: 200 }, 0);
  return r;
}

function offer(resources: readonly Resource[], more: Partial<Offer["config"]> = {}): Offer {
  const config = {
    loadBalanceScheme: "round-robin",
    preference: 1,
    geoLocation: undefined,
    geoOverflow: true,
  } as const;
  return { resources, config: { ...config, ...more } };
}

function load(r: Resource, sessions: number): Resource {
  for (let i = 0; i < sessions; i++) r.began(`${r.address} ${i}`, 0);
  return r;
}

/** Names in the order of trial, or why there is none. */
function order(groups: readonly Offer[], more: Partial<SelectionInput> = {}): string {
  const s = select({ groups, turn: 0, now: 0, ...more });
  return s.kind === "candidates" ? s.resources.map((r) => r.address).join(" ") : s.kind;
}

const first = (groups: readonly Offer[], turn: number): string => order(groups, { turn }).split(" ")[0] ?? "";

describe("schemes", () => {
  const abc = (): Resource[] => ["a", "b", "c"].map((name) => resource(name));
  test("round-robin: each in turn", () => {
    const groups = [offer(abc())];
    assert.deepEqual(
      [0, 1, 2, 3].map((turn) => first(groups, turn)),
      ["a", "b", "c", "a"],
    );
  });
  test("least-used: fewest sessions first, ties in turn", () => {
    const [a, ...rest] = abc();
    assert(a !== undefined);
    const groups = [offer([load(a, 1), ...rest], { loadBalanceScheme: "least-used" })];
    assert.deepEqual(
      [0, 1, 2].map((turn) => first(groups, turn)),
      ["b", "b", "c"],
    );
  });
  test("least-percent: by the share of the capacity", () => {
    const both = [load(resource("big", { portCapacity: 100 }), 10), load(resource("small"), 1)];
    assert.equal(order([offer(both, { loadBalanceScheme: "least-percent" })]), "big small");
    assert.equal(order([offer(both, { loadBalanceScheme: "least-used" })]), "small big");
  });
});

describe("who may be chosen", () => {
  test("what is lost, failing, withdrawn, backing off or full is left out", () => {
    const [lost, failing, withdrawn, back, full, good] = ["lost", "failing", "withdrawn", "back", "full", "good"].map(
      (name) => resource(name),
    );
    lost?.observe({ kind: "unanswered" }, 0);
    failing?.observe({ kind: "answered", status: 503 }, 0);
    withdrawn?.withdraw(true, 0);
    back?.backOff(100);
    if (full !== undefined) load(full, 4);
    const all = [lost, failing, withdrawn, back, full, good].filter((r) => r !== undefined);
    assert.equal(order([offer(all)]), "good");
    assert.equal(order([offer(all)], { now: 100 }), "back good");
  });
  test("all full is busy, none in service is none up", () => {
    const one = load(resource("a"), 4);
    assert.equal(order([offer([one])]), "all-busy");
    one.withdraw(true, 0);
    assert.equal(order([offer([one])]), "none-up");
  });
  test("one never asked yet comes after those that are up, and before nobody", () => {
    const fresh = resource("fresh", {}, false);
    assert.equal(order([offer([fresh, resource("a")])]), "a fresh");
    assert.equal(order([offer([fresh])]), "fresh");
  });
  test("one that says it is reluctant comes after the others, and before one to avoid", () => {
    const [slow, shunned, good] = ["slow", "shunned", "good"].map((name) => resource(name));
    slow?.reported({ sessions: 0, capacity: undefined, draining: false, reluctant: true }, 0);
    const all = [slow, shunned, good].filter((r) => r !== undefined);
    assert.equal(order([offer(all)], { shun: new Set([shunned?.address ?? ""]) }), "good slow shunned");
  });
  test("one to avoid is the last choice, one that is excluded is none", () => {
    const groups = [offer([resource("a"), resource("b")])];
    assert.equal(order(groups, { shun: new Set(["a"]) }), "b a");
    assert.equal(order(groups, { without: new Set(["a"]) }), "b");
    assert.equal(order(groups, { without: new Set(["a", "b"]) }), "none-up");
  });
});

describe("preference", () => {
  test("in a group a preferred resource takes everything until it is full", () => {
    const primary = resource("primary", { portCapacity: 2 });
    const groups = [offer([resource("backup", { preference: 2 }), primary])];
    for (let turn = 0; turn < 4; turn++) assert.equal(order(groups, { turn }), "primary backup");
    load(primary, 2);
    assert.equal(order(groups), "backup");
  });
  test("a preferred group comes before the others; among equals the order of the file", () => {
    const one = offer([resource("one")], { preference: 2 });
    const two = offer([resource("two")]);
    const three = offer([resource("three")]);
    assert.equal(order([one, two, three]), "two three one");
  });
});

describe("geo-location", () => {
  const sites = (overflow = true): Offer[] => [
    offer([resource("paris", { geoLocation: "Paris" }), resource("anywhere")], { geoOverflow: overflow }),
    offer([resource("lyon1"), resource("lyon2")], { geoLocation: "lyon", preference: 2 }),
  ];
  test("that of the resource or of its group is matched without regard to case; the others are the overflow", () => {
    assert.equal(order(sites(), { geoLocation: "paris" }), "paris anywhere lyon1 lyon2");
    assert.equal(order(sites(), { geoLocation: "LYON" }), "lyon1 lyon2 paris anywhere");
    assert.equal(order(sites(), { geoLocation: "berlin" }), "paris anywhere lyon1 lyon2");
    assert.equal(order(sites()), "paris anywhere lyon1 lyon2");
  });
  test("without overflow a group takes its own location only; what names none is taken", () => {
    assert.equal(order(sites(false), { geoLocation: "lyon" }), "lyon1 lyon2");
    assert.equal(order(sites(false), { geoLocation: "paris" }), "paris lyon1 lyon2");
    assert.equal(order(sites(false)), "paris anywhere lyon1 lyon2");
    assert.equal(order(sites(false).slice(0, 1), { geoLocation: "berlin" }), "none-up");
  });
  test("overflow happens where the location's own are full", () => {
    const near = resource("near", { geoLocation: "x", portCapacity: 1 });
    const groups = [offer([near, resource("far", { geoLocation: "y" })])];
    assert.equal(order(groups, { geoLocation: "x" }), "near far");
    load(near, 1);
    assert.equal(order(groups, { geoLocation: "x" }), "far");
  });
});

test("whatever the groups: each candidate once, none that may not serve, and none left out that may", () => {
  const one = fc.record({
    capacity: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    sessions: fc.integer({ min: 0, max: 3 }),
    lost: fc.boolean(),
    withdrawn: fc.boolean(),
    preference: fc.integer({ min: 1, max: 3 }),
    geoLocation: fc.constantFrom(undefined, "x", "y"),
  });
  const group = fc.record({
    scheme: fc.constantFrom<Scheme>("round-robin", "least-used", "least-percent"),
    preference: fc.integer({ min: 1, max: 3 }),
    geoOverflow: fc.boolean(),
    resources: fc.array(one, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(group, { maxLength: 3 }), fc.nat(), fc.constantFrom(undefined, "x"), (groups, turn, geo) => {
      const fit = new Set<string>();
      const offers = groups.map((g, i) =>
        offer(
          g.resources.map((o, j) => {
            const { preference, geoLocation, capacity } = o;
            const r = load(resource(`${i}.${j}`, { preference, geoLocation, portCapacity: capacity }), o.sessions);
            if (o.lost) r.observe({ kind: "connection-lost" }, 0);
            r.withdraw(o.withdrawn, 0);
            const here = geo === undefined || geoLocation === geo;
            const free = capacity === undefined || o.sessions < capacity;
            if (!o.lost && !o.withdrawn && free && (here || g.geoOverflow)) fit.add(r.address);
            return r;
          }),
          { loadBalanceScheme: g.scheme, preference: g.preference, geoOverflow: g.geoOverflow },
        ),
      );
      const chosen = order(offers, { turn, geoLocation: geo });
      if (fit.size === 0) return assert.match(chosen, /^(all-busy|none-up)$/);
      return assert.deepEqual(chosen.split(" ").toSorted(), Array.from(fit).toSorted());
    }),
  );
});
