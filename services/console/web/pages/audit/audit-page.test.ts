import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuditEntry, detailOf, objectLink } from "./audit-entry.ts";
import { fromLocalInput, localInput, narrows, queryOf, readFilter, wholeAudit } from "./audit-filter.ts";

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  id: 1,
  at: "2026-11-28T10:00:00.000000Z",
  user: "anna",
  role: "auditor",
  address: "127.0.0.1",
  action: "search",
  object: null,
  outcome: "ok",
  detail: {},
  hash: "",
  ...more,
});

test("a filter and the page's address are the same thing", () => {
  const filter = readFilter({ user: "anna & bob", outcome: "refused", other: "x" });
  assert.deepEqual(filter, { ...wholeAudit, user: "anna & bob", outcome: "refused" });
  assert.equal(queryOf(filter), "?user=anna+%26+bob&outcome=refused");
  assert.equal(queryOf(filter, { limit: "50" }), "?user=anna+%26+bob&outcome=refused&limit=50");
  assert.deepEqual(readFilter(Object.fromEntries(new URLSearchParams(queryOf(filter)))), filter);
  assert.deepEqual([queryOf(wholeAudit), narrows(wholeAudit), narrows(filter)], ["", false, true]);
});

test("times are entered in the viewer's zone and asked for as moments", () => {
  const moment = fromLocalInput("2026-03-04T05:06");
  assert.equal(localInput(moment), "2026-03-04T05:06");
  assert.equal(moment, new Date(2026, 2, 4, 5, 6).toISOString());
  assert.deepEqual([fromLocalInput(""), fromLocalInput("x"), localInput(""), localInput("x")], ["", "", "", ""]);
});

test("an entry about a recording leads to it, a search to its results", () => {
  assert.equal(objectLink(entry({ action: "listen", object: "a b/c" })), "/recordings/a%20b%2Fc");
  assert.equal(objectLink(entry({ detail: { url: "/api/v1/recordings?dn=7001&q=x" } })), "/search?dn=7001&q=x");
  assert.equal(objectLink(entry({ detail: {} })), "/search");
  assert.equal(objectLink(entry({ action: "users", object: "bob" })), "/users");
  assert.equal(objectLink(entry({ action: "log-in" })), undefined);
});

test("a search says what was asked for, anything else its request", () => {
  const url = "/api/v1/recordings?dn=70*&limit=50&cursor=abc";
  assert.deepEqual(detailOf(entry({ detail: { method: "GET", url } })), [["dn", "70*"]]);
  assert.deepEqual(detailOf(entry({ action: "resources", detail: { method: "POST", url: "/x", why: "y" } })), [
    ["request", "POST /x"],
    ["why", "y"],
  ]);
  assert.deepEqual(
    detailOf(entry({ action: "listen", object: "r1", detail: { method: "GET", url: "/x/r1/audio" } })),
    [],
  );
});
