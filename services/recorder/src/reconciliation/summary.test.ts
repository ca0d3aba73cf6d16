import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRfc3339 } from "@sidetone/foundation";
import type { ExpectedParty } from "./expected-party.ts";
import type { Judgement, Verdict } from "./judge.ts";
import { ReconciliationStore } from "./reconciliation-store.ts";

interface Line {
  readonly at: string;
  readonly dn?: string;
  readonly verdict?: Verdict;
  readonly reason?: string;
  readonly site?: string;
}

function filled(lines: readonly Line[]): ReconciliationStore {
  const store = new ReconciliationStore(":memory:");
  for (const [n, { at, dn = "7001", verdict = "recorded", reason, site }] of lines.entries()) {
    const from = parseRfc3339(at) ?? assert.fail(at);
    const party: ExpectedParty = {
      line: n,
      callUuid: `U${n}`,
      connId: "",
      dn,
      side: "agent",
      turn: 1,
      cause: "full-time",
      from,
      until: from + 1,
      outcome: "recorded",
      reason: undefined,
      recordingId: undefined,
      policy: undefined,
    };
    const place = { ledgerId: "L", after: n, readAt: from, site };
    store.take("http://127.0.0.1:8081", place, [party], from);
    const [of] = store.due(Number.MAX_SAFE_INTEGER, 1);
    const judgement: Judgement = {
      verdict,
      reason,
      policy: undefined,
      findings: [],
      expectedMs: 1,
      recordedMs: 1,
      recordings: [],
    };
    store.judged([{ of: of ?? assert.fail(), judgement, dueAt: undefined }]);
  }
  return store;
}

const shown = (groups: readonly { key: string; expected: number; shareRecorded: number | null }[]): string =>
  groups.map(({ key, expected, shareRecorded }) => `${key} ${expected} ${shareRecorded}`).join(", ");

test("days are those of the zone: midnight, summer time, offsets that are no whole hours", () => {
  const store = filled([
    { at: "2026-11-27T22:59:59Z" },
    { at: "2026-11-27T23:00:00Z", verdict: "missing", reason: "no-recorder (x)" },
    // The night in which summer time ends has an hour more.
    { at: "2026-10-24T22:00:00Z" },
    { at: "2026-10-25T22:59:59Z" },
    { at: "2026-10-25T23:00:00Z" },
  ]);
  const days = (tz: string): string => shown(store.groups({}, "day", tz).groups);
  assert.equal(days("Europe/Berlin"), "2026-10-25 2 1, 2026-10-26 1 1, 2026-11-27 1 1, 2026-11-28 1 0");
  assert.equal(days("UTC"), "2026-10-24 1 1, 2026-10-25 2 1, 2026-11-27 2 0.5");
  assert.equal(days("Asia/Kathmandu"), "2026-10-25 1 1, 2026-10-26 2 1, 2026-11-28 2 0.5");
});

test("by DN and site those come first of which most is not whole; a SIP Server without geo-location is its address", () => {
  const at = "2026-11-27T12:00:00Z";
  const store = filled([
    { at, dn: "7002", site: "berlin" },
    { at, dn: "7010", site: "berlin", verdict: "partial", reason: "gap: 1 s" },
    { at, dn: "7010", verdict: "by-policy" },
    { at, dn: "pstn", verdict: "missing", reason: "no-recorder (x)" },
    { at, dn: "pstn", verdict: "missing", reason: "no-recorder (y)" },
  ]);
  assert.equal(shown(store.groups({}, "dn", "UTC").groups), "pstn 2 0, 7010 1 0, 7002 1 1");
  assert.equal(shown(store.groups({}, "site", "UTC").groups), "http://127.0.0.1:8081 2 0, berlin 2 0.5");
  const { total, groups } = store.groups({ dns: ["70*"] }, "dn", "UTC");
  assert.deepEqual([shown(groups), total.byPolicy, total.expected], ["7010 1 0, 7002 1 1", 1, 2]);
  assert.equal(store.groups({ dns: [] }, "dn", "UTC").groups.length, 0, "no pattern is no DN");
  assert.equal(store.groups({ dns: ["70?0"] }, "dn", "UTC").groups.length, 0, "only the star means something");
  const listed = store.list({ verdicts: ["missing", "partial"], reason: "no-recorder" }, 10, undefined);
  assert.deepEqual(
    listed.map(({ party, site }) => `${party.dn} ${site}`),
    ["pstn http://127.0.0.1:8081", "pstn http://127.0.0.1:8081"],
  );
  assert.equal(store.list({ site: "berlin" }, 10, undefined).length, 2);
});
