import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsText, grantsMistake, grantsToSend, usualRights } from "./user-words.ts";

test("rows without DNs are not sent, roles that see everything send none", () => {
  const rows = [
    { dns: " 70* ", rights: usualRights("agent") },
    { dns: "", rights: usualRights("agent") },
  ];
  assert.deepEqual(grantsToSend("agent", rows), [{ dns: "70*", rights: ["monitor", "control", "userdata", "record"] }]);
  assert.deepEqual(grantsToSend("auditor", rows), []);
});

test("a row is one DN or pattern, with a right", () => {
  assert.equal(grantsMistake("agent", [{ dns: "7001", rights: ["monitor"] }]), undefined);
  assert.match(grantsMistake("agent", [{ dns: "7001, 7002", rights: ["monitor"] }]) ?? "", /One in each row/);
  assert.match(grantsMistake("supervisor", [{ dns: "70*", rights: [] }]) ?? "", /Tick/);
  assert.equal(grantsMistake("administrator", [{ dns: "a b", rights: [] }]), undefined);
});

test("DNs in a few words", () => {
  assert.equal(dnsText({ role: "administrator", grants: [] }), "all");
  assert.equal(dnsText({ role: "agent", grants: [] }), "none");
  assert.equal(
    dnsText({
      role: "agent",
      grants: [
        { dns: "70*", rights: [] },
        { dns: "8001", rights: [] },
      ],
    }),
    "70*, 8001",
  );
});
