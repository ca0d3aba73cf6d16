import assert from "node:assert/strict";
import { test } from "node:test";
import { userAsVisitor } from "../authentication.ts";
import type { Alarm } from "./alarms.ts";
import { type Stage, viewFor } from "./live-view.ts";
import { serverViews, worstOf } from "./servers.ts";

const call = (connId: string, ...dns: string[]) => ({
  connId,
  callUuid: connId,
  parties: dns.map((dn) => ({ dn, kind: dn === "trunk" ? "external" : "internal" })),
  recording: { id: null },
});
const alarm = (id: string, dns: string[] | undefined): [string, Alarm] => [
  id,
  {
    id,
    kind: "not-recorded",
    severity: "critical",
    since: "",
    text: "",
    remedy: "",
    connId: null,
    callUuid: null,
    recordingId: null,
    dns,
  },
];
const stage: Stage = {
  calls: new Map([
    ["c1", call("c1", "trunk", "7001")],
    ["c2", call("c2", "7002", "8001")],
    ["c3", call("c3", "9001", "9002")],
  ]),
  agents: new Map([
    ["1001", { dn: "7001" }],
    ["1002", { dn: "9001" }],
  ]),
  servers: new Map([["s", {}]]),
  storages: new Map(),
  feeds: new Map(),
  book: {
    now: new Map([alarm("mine", ["7001"]), alarm("foreign", ["9001"]), alarm("disk", undefined)]),
    ended: new Map(),
  },
};
const keys = (part: ReadonlyMap<string, unknown> | undefined): string[] => Array.from(part?.keys() ?? []);

test("a supervisor sees calls, agents and alarms of their DNs, and commands where they may record", () => {
  const sue = userAsVisitor("sue", "supervisor", [
    { dns: "70*", rights: ["monitor", "record"] },
    { dns: "8001", rights: ["monitor"] },
  ]);
  const view = viewFor(sue, stage);
  assert.deepEqual(keys(view["calls"]), ["c1", "c2"]);
  assert.deepEqual(keys(view["control"]), ["c1", "c2"]);
  assert.deepEqual(keys(view["agents"]), ["1001"]);
  assert.deepEqual(keys(view["alarms"]), ["mine", "disk"]);
  assert.deepEqual(keys(view["servers"]), ["s"]);
  const eve = userAsVisitor("eve", "supervisor", [{ dns: "8001", rights: ["monitor"] }]);
  assert.deepEqual(keys(viewFor(eve, stage)["control"]), [], "no right to record");
});

test("an auditor sees everything and commands nothing; values are the very same objects", () => {
  const view = viewFor(userAsVisitor("ann", "auditor", []), stage);
  assert.equal(view["calls"], stage.calls);
  assert.equal(view["control"]?.size, 0);
  assert.equal(view["alarms"]?.size, 3);
});

test("R32: of what Resource Managers think of a resource the worst is shown, and its beginning stays", () => {
  const one = (state: "up" | "lost", sinceMs: number) => ({
    group: "g",
    service: "msml",
    address: "sip:m",
    state,
    sinceMs,
    sessions: 0,
  });
  const worst = worstOf([one("up", 9000), one("lost", 1000)]);
  assert.deepEqual(
    worst.map(({ state }) => state),
    ["lost"],
  );
  const first = serverViews(new Map(), worst, [], 10_000_000);
  const second = serverViews(first, [one("lost", 1003)], [], 10_000_000);
  assert.equal(second.get("media-server sip:m"), first.get("media-server sip:m"));
});
