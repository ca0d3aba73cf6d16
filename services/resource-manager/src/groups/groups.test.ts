import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceGroupConfig } from "@sidetone/config";
import fc from "fast-check";
import { assumedSessionMs, bindingLifetimeMs } from "../limits.ts";
import { readServiceUri, type ServiceWish } from "../proxy/service-uri.ts";
import { Affinity } from "./affinity.ts";
import { formatLoadReport, parseLoadReport } from "./load-report.ts";
import { type Plan, Pool } from "./pool.ts";
import { Resource } from "./resource.ts";
import { makeToken, readToken } from "./token.ts";

const m1 = "sip:10.0.0.1:5080;transport=tcp";
const m2 = "sip:10.0.0.2:5080;transport=tcp";
const m3 = "sip:10.0.0.3:5080;transport=tcp";
const r1 = "sip:10.0.1.1:5090;transport=tcp";
const r2 = "sip:10.0.1.2:5090;transport=tcp";

function group(
  name: string,
  more: Partial<ResourceGroupConfig> & { addresses: string[]; capacity?: number },
): ResourceGroupConfig {
  const { addresses, capacity, ...rest } = more;
  return {
    name,
    service: "msml",
    loadBalanceScheme: "round-robin",
    monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers: 1 },
    recordRoute: false,
    preference: 1,
    geoLocation: undefined,
    geoOverflow: true,
    clients: undefined,
    resources: addresses.map((address) => ({
      address,
      portCapacity: capacity,
      preference: 1,
      geoLocation: undefined,
      withdrawn: false,
    })),
    ...rest,
  };
}

function resource(address: string, portCapacity?: number): Resource {
  const config = { address, portCapacity, preference: 1, geoLocation: undefined, withdrawn: false };
  return new Resource("g", config, { failingMs: 2000, returnAnswers: 1 }, 0);
}

function poolOf(...groups: ResourceGroupConfig[]): Pool {
  const pool = new Pool(groups, 0);
  for (const r of pool.groups.flatMap((g) => g.resources)) r.observe({ kind: "answered", status: 200 }, 0);
  return pool;
}

function wish(uri: string): ServiceWish {
  const read = readServiceUri(uri);
  assert(read !== undefined);
  return read;
}

const none = { token: undefined, avoid: [] };
const order = (plan: Plan): string[] =>
  plan.kind === "try" ? plan.resources.map((r) => r.address) : [`${plan.status}`];
const conf = (id: string): ServiceWish => wish(`sip:msml=${id}@rm;dn=7001;record`);
const rec = (id: string, copy: number, host = "rm"): ServiceWish =>
  wish(`sip:record=${id}@${host};copy=${copy};epoch=1`);
const at = (pool: Pool, address: string): Resource => {
  const found = pool.groups.flatMap((g) => g.resources).find((r) => r.address === address);
  assert(found !== undefined);
  return found;
};

describe("load", () => {
  test("a report is read and written", () => {
    const report = { sessions: 12, capacity: 1500, draining: true };
    assert.deepEqual(parseLoadReport(formatLoadReport(report)), report);
    assert.equal(parseLoadReport("capacity=5"), undefined);
    fc.assert(fc.property(fc.string(), (s) => void parseLoadReport(s)));
  });
  test("contract, affinity: a report replaces what was counted before it; RM counts for those that do not report", () => {
    const r = resource(m1, 10);
    r.began("a", 100);
    r.began("b", 200);
    assert.equal(r.used(300), 2);
    r.reported({ sessions: 7, capacity: 8, draining: false }, 150);
    assert.equal(r.used(300), 8); // 7 reported, b began after the question
    assert.equal(r.capacity, 8);
    r.ended("b");
    assert.equal(r.used(300), 7);
  });
  test("without reports a session is counted for a while only", () => {
    const r = resource(m1);
    r.began("a", 0);
    assert.equal(r.used(assumedSessionMs - 1), 1);
    assert.equal(r.used(assumedSessionMs), 0);
  });
});

describe("round robin", () => {
  test("each group has turns of its own: calls that ask for a Media Server and a recorder each go to all of either", () => {
    const pool = poolOf(
      group("media-servers", { addresses: [m1, m2] }),
      group("recorders", { service: "recording-server", addresses: [r1, r2] }),
    );
    const used = new Map<string, number>();
    for (let n = 0; n < 6; n++)
      for (const asked of [conf(`c${n}`), rec(`r${n}`, 1, "recorders")]) {
        const [first = ""] = order(pool.plan(asked, none, 0));
        used.set(first, (used.get(first) ?? 0) + 1);
      }
    assert.deepEqual(Array.from(used.values()), [3, 3, 3, 3]);
  });
  test("what goes to where it is already takes nobody's turn", () => {
    const pool = poolOf(group("recorders", { service: "recording-server", addresses: [r1, r2] }));
    const places = [0, 1, 2, 3].map((n) => {
      const [first = ""] = order(pool.plan(rec(`r${n}`, 1), none, 0));
      pool.affinity.bind(`rec 1 r${n}`, { group: "recorders", address: first, confirmed: true }, 0);
      // A further channel.
      assert.deepEqual(order(pool.plan(rec(`r${n}`, 1), none, 0))[0], first);
      return first;
    });
    assert.deepEqual(places, [r1, r2, r1, r2]);
  });
});

describe("affinity", () => {
  test("bindings are forgotten when nobody named them for long, and the least recently used when there are too many", () => {
    const a = new Affinity(2);
    a.bind("1", { group: "g", address: m1, confirmed: true }, 0);
    a.bind("2", { group: "g", address: m2, confirmed: true }, 1);
    a.bind("3", { group: "g", address: m3, confirmed: true }, 2);
    assert.equal(a.get("1", 2), undefined);
    assert.equal(a.get("2", 2)?.address, m2);
    assert.equal(a.get("2", 1 + bindingLifetimeMs), undefined);
  });
  test("only an unconfirmed binding to that resource is released", () => {
    const a = new Affinity();
    a.bind("1", { group: "g", address: m1, confirmed: false }, 0);
    a.release("1", m2);
    assert.equal(a.get("1", 0)?.address, m1);
    a.release("1", m1);
    assert.equal(a.get("1", 0), undefined);
  });
  test("a token says group and resource; anything else is none", () => {
    assert.deepEqual(readToken(makeToken({ group: "ms", address: m1 })), { group: "ms", address: m1 });
    fc.assert(fc.property(fc.string(), (s) => readToken(s) === undefined || readToken(s) !== undefined));
    assert.equal(readToken("bm90IG91cnM"), undefined);
  });
});

describe("pool", () => {
  test("R12: the conf-id's Media Server is remembered", () => {
    const pool = poolOf(group("ms", { addresses: [m1, m2] }));
    assert.deepEqual(order(pool.plan(conf("aa"), none, 0)), [m1, m2]);
    pool.affinity.bind("conf aa", { group: "ms", address: m2, confirmed: true }, 0);
    const again = pool.plan(conf("aa"), none, 0);
    assert.deepEqual(order(again), [m2]);
    assert(again.kind === "try" && again.bound);
  });
  test("R32: another Resource Manager reaches the same Media Server by the token", () => {
    const second = poolOf(group("ms", { addresses: [m1, m2] }));
    const token = makeToken({ group: "ms", address: m2 });
    for (let i = 0; i < 3; i++) assert.deepEqual(order(second.plan(conf("aa"), { token, avoid: [] }, 0)), [m2]);
    // A token that names what is not configured here leads nowhere.
    const foreign = makeToken({ group: "ms", address: "sip:6.6.6.6" });
    assert.equal(order(second.plan(conf("bb"), { token: foreign, avoid: [] }, 0)).length, 2);
  });
  test("contract, affinity: an INVITE that repeats the token ends the map's part in that conf-id", () => {
    const pool = poolOf(group("ms", { addresses: [m1, m2] }));
    for (let i = 0; i < 1000; i++) {
      pool.affinity.bind(`conf ${i}`, { group: "ms", address: m2, confirmed: true }, i);
      const token = makeToken({ group: "ms", address: m2 });
      const plan = pool.plan(conf(`${i}`), { token, avoid: [] }, i);
      assert.deepEqual(order(plan), [m2]);
      assert(plan.kind === "try" && plan.name === undefined);
    }
    assert.equal(pool.affinity.size, 0);
  });
  test("contract, affinity: a token that is not ours leaves the map as it is", () => {
    const pool = poolOf(group("ms", { addresses: [m1, m2] }));
    pool.affinity.bind("conf aa", { group: "ms", address: m2, confirmed: true }, 0);
    for (const token of ["x", makeToken({ group: "ms", address: "sip:6.6.6.6" })]) {
      assert.deepEqual(order(pool.plan(conf("aa"), { token, avoid: [] }, 0)), [m2]);
    }
    assert.equal(pool.affinity.size, 1);
  });
  test("a recording is remembered only where there is a choice of recorders", () => {
    const name = (pool: Pool): string | undefined => {
      const plan = pool.plan(rec("id", 1), none, 0);
      return plan.kind === "try" ? plan.name : "refused";
    };
    assert.equal(name(poolOf(group("rs", { service: "recording-server", addresses: [r1] }))), undefined);
    assert.equal(name(poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }))), "rec 1 id");
  });
  test("R30: a Media Server that comes back with an older epoch of a recording gets 403, whatever recorder it would avoid", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }));
    const asks = (epoch: number, avoid: string[], call = "A"): Plan =>
      pool.plan(wish(`sip:record=id@rm;calluuid=${call};copy=1;epoch=${epoch}`), { token: undefined, avoid }, 0);
    assert.equal(order(asks(1, [])).length, 2);
    assert.equal(order(asks(1001, [])).length, 2);
    assert.deepEqual(order(asks(2, [r1])), ["403"]);
    assert.equal(order(asks(1, [], "B")).length, 2);
  });
  test("R30: a bound conf-id does not move to another server when its own is down: 503", () => {
    const pool = poolOf(group("ms", { addresses: [m1, m2] }));
    pool.affinity.bind("conf aa", { group: "ms", address: m2, confirmed: true }, 0);
    at(pool, m2).observe({ kind: "unanswered" }, 0);
    assert.deepEqual(pool.plan(conf("aa"), none, 0), {
      kind: "refuse",
      status: 503,
      reason: "Media Server of Conference Is Down",
      retryAfterS: 1,
    });
    assert.deepEqual(order(pool.plan(conf("bb"), none, 0)), [m1]);
  });
  test("a bound conf-id reaches its server even while it is withdrawn or full", () => {
    const pool = poolOf(group("ms", { addresses: [m1], capacity: 1 }));
    pool.affinity.bind("conf aa", { group: "ms", address: m1, confirmed: true }, 0);
    at(pool, m1).began("x", 0);
    at(pool, m1).withdraw(true, 0);
    assert.deepEqual(order(pool.plan(conf("aa"), none, 0)), [m1]);
  });
  test("480 when all are full, 503 when none is up, 404 without a group", () => {
    const pool = poolOf(group("ms", { addresses: [m1], capacity: 1 }));
    at(pool, m1).began("x", 0);
    assert.deepEqual(pool.plan(conf("aa"), none, 0), {
      kind: "refuse",
      status: 480,
      reason: "All Resources Are Busy",
      retryAfterS: 2,
    });
    at(pool, m1).observe({ kind: "connection-lost" }, 0);
    assert.deepEqual(pool.plan(conf("aa"), none, 0), {
      kind: "refuse",
      status: 503,
      reason: "No Resource in Service",
      retryAfterS: 1,
    });
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), ["404"]);
  });
  test("R10: the two copies of a recording never go to the same recorder", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }));
    for (let i = 0; i < 4; i++) {
      pool.affinity.bind(`rec 1 id${i}`, { group: "rs", address: r1, confirmed: true }, 0);
      assert.deepEqual(order(pool.plan(rec(`id${i}`, 2), none, 0)), [r2]);
    }
    at(pool, r2).observe({ kind: "unanswered" }, 0);
    const plan = pool.plan(rec("id0", 2), none, 0);
    assert.deepEqual([plan.kind, plan.kind === "refuse" && plan.status], ["refuse", 503]);
  });
  test("R10: the copy that the group takes keeps away from the recorder that the other one names", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }));
    for (let i = 0; i < 4; i++) {
      // By the URI that the client wrote, which need not be the configured one letter for letter.
      const sibling = r2.replace(";transport=tcp", "");
      assert.deepEqual(order(pool.plan(rec(`id${i}`, 1), { ...none, sibling }, 0)), [r1]);
    }
    // Naming it says nothing about a recorder that was lost: the recording goes on where it is.
    pool.affinity.bind("rec 1 here", { group: "rs", address: r1, confirmed: true }, 0);
    assert.deepEqual(order(pool.plan(rec("here", 1), { ...none, sibling: r2 }, 0)), [r1]);
    const alone = poolOf(group("rs", { service: "recording-server", addresses: [r1] }));
    assert.equal(alone.plan(rec("id", 1), { ...none, sibling: r1 }, 0).kind, "refuse");
  });
  test("R31: the same copy goes back to its recorder, unless the client says to avoid it", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }));
    pool.affinity.bind("rec 1 id", { group: "rs", address: r2, confirmed: true }, 0);
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), [r2, r1]);
    const avoiding = (value: string): string[] =>
      order(pool.plan(rec("id", 1), { token: undefined, avoid: [value] }, 0));
    assert.deepEqual(avoiding(r2), [r1, r2]);
    assert.deepEqual(avoiding(makeToken({ group: "rs", address: r2 })), [r1, r2]);
    assert.deepEqual(avoiding("sip:recorder@10.0.1.2:5090;transport=tcp"), [r1, r2]); // a Contact
    assert.deepEqual(avoiding("sip:recorder@recorder-b.example"), [r1, r2]); // by whatever name: it is the one it had
    assert.deepEqual(order(pool.plan(rec("new", 1), { token: undefined, avoid: [r1] }, 0)), [r2, r1]);
  });
  test("R32: another Resource Manager finds the recorder of a copy by its token, and keeps the other copy away from it by its Contact", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2] }));
    const token = makeToken({ group: "rs", address: r2 });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(order(pool.plan(rec("id", 1), { token, avoid: [] }, 0)), [r2, r1]);
      assert.deepEqual(order(pool.plan(rec("id", 2), { ...none, sibling: `<${r2}>` }, 0)), [r1]);
      assert.deepEqual(order(pool.plan(rec("id", 2), { ...none, sibling: token }, 0)), [r1]);
    }
    assert.deepEqual(order(pool.plan(rec("id", 1), { token, avoid: [r2] }, 0)), [r1, r2]);
    const msml = makeToken({ group: "ms", address: m1 });
    assert.equal(order(pool.plan(rec("id", 1), { token: msml, avoid: [] }, 0)).includes(m1), false);
  });
  test("a recording goes on at its recorder also while that one is withdrawn or full, not where it is lost", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1, r2], capacity: 1 }));
    pool.affinity.bind("rec 1 id", { group: "rs", address: r1, confirmed: true }, 0);
    at(pool, r1).withdraw(true, 0);
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), [r1, r2]);
    assert.deepEqual(order(pool.plan(rec("new", 1), none, 0)), [r2]);
    at(pool, r2).began("x", 0);
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), [r1]);
    at(pool, r1).observe({ kind: "unanswered" }, 0);
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), ["480"]);
  });
  test("least-used with two Resource Managers that share nothing: the reports keep the load even", () => {
    const addresses = [m1, m2, m3];
    const managers = [0, 1].map(() => poolOf(group("ms", { addresses, loadBalanceScheme: "least-used" })));
    const sessions = new Map(addresses.map((address) => [address, 0]));
    for (let call = 0; call < 300; call++) {
      // Three calls of four come through the first one; each hears the load every ten calls.
      const pool = managers[call % 4 === 0 ? 1 : 0];
      const chosen = order(pool?.plan(conf(`${call}`), none, call) ?? assert.fail())[0] ?? "";
      at(pool ?? assert.fail(), chosen).began(`${call}`, call);
      sessions.set(chosen, (sessions.get(chosen) ?? 0) + 1);
      if (call % 10 !== 9) continue;
      for (const one of managers) {
        for (const [address, count] of sessions) {
          at(one, address).reported({ sessions: count, capacity: undefined, draining: false }, call + 1);
        }
      }
    }
    const counts = Array.from(sessions.values());
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 4, counts.join(" "));
  });
  test("a resource to avoid is better than none", () => {
    const pool = poolOf(group("rs", { service: "recording-server", addresses: [r1] }));
    assert.deepEqual(order(pool.plan(rec("id", 1), { token: undefined, avoid: [r1] }, 0)), [r1]);
  });
  test("a Request-URI host that is a group's name chooses that group", () => {
    const pool = poolOf(
      group("recorders", { service: "recording-server", addresses: [r1] }),
      group("vault", { service: "recording-server", addresses: [r2] }),
    );
    assert.deepEqual(order(pool.plan(rec("id", 1, "vault"), none, 0)), [r2]);
    assert.deepEqual(order(pool.plan(rec("id", 1), none, 0)), [r1, r2]);
  });
});

describe("service URIs", () => {
  test("R11: msml=<conf-id> with dn and record", () => {
    const read = wish("sip:msml=55c29460000054b3@127.0.0.1:5070;dn=7001;record");
    assert(read.kind === "msml");
    assert.deepEqual([read.confId, read.record], ["55c29460000054b3", true]);
  });
  test("escapes in the user part do not make another id", () => {
    const read = readServiceUri("sip:msml%3Dab@rm;dn=1");
    assert.equal(read?.kind === "msml" ? read.confId : undefined, "ab");
  });
  test("anything else is no service", () => {
    for (const uri of [
      "sip:7001@rm",
      "sip:rm",
      "sip:msml=@rm",
      "tel:+1",
      `sip:record=${"x".repeat(200)}@rm`,
      "sip:conf=1@rm",
    ]) {
      assert.equal(readServiceUri(uri), undefined, uri);
    }
  });
});
