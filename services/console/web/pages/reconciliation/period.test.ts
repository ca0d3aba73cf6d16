import assert from "node:assert/strict";
import { test } from "node:test";
import { dayKey, listQuery, periodOf, readView, summaryQuery, viewQuery } from "./period.ts";

const now = new Date(2026, 10, 28, 15, 30);

test("a view stands in the address, and comes back from it", () => {
  for (const query of [
    "",
    "?period=own&first=2026-11-01&last=2026-11-05",
    "?verdict=missing&by=dn&dn=7001&reason=no-recorder&day=2026-11-27",
  ])
    assert.equal(viewQuery(readView(query, now)), query);
  assert.equal(viewQuery(readView("?period=ever&first=x&by=hour&day=2026-13-99&verdict=nice", now)), "");
});

test("periods are whole days of the viewer's zone, today included", () => {
  const days = (query: string): string => {
    const { from, to } = periodOf(readView(query, now), now);
    return `${dayKey(new Date(from))} ${dayKey(new Date(Date.parse(to) - 1))}`;
  };
  assert.equal(days("?period=today"), "2026-11-28 2026-11-28");
  assert.equal(days(""), "2026-11-22 2026-11-28");
  assert.equal(days("?period=month"), "2026-10-30 2026-11-28");
  assert.equal(days("?period=own&first=2026-11-05&last=2026-11-01"), "2026-11-01 2026-11-05", "either way round");
  assert.equal(days("?day=2026-11-24"), "2026-11-24 2026-11-24");
  const list = listQuery(readView("?dn=7001", now), now);
  assert.deepEqual([list.get("dn"), list.get("verdict")], ["7001", "missing,partial"]);
  assert.equal(listQuery(readView("?verdict=all", now), now).has("verdict"), false);
  assert.equal(summaryQuery(readView("?by=dn", now), now, "Europe/Berlin").get("by"), "dn");
});
