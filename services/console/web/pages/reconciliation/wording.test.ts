import assert from "node:assert/strict";
import { test } from "node:test";
import { meaningOf, reasonText, shareText } from "./wording.ts";

const totals = { expected: 0, recorded: 0, partial: 0, missing: 0, byPolicy: 0, pending: 0, shareRecorded: null };

test("100 % is said only where nothing at all is missing", () => {
  assert.equal(shareText(1), "100 %");
  assert.equal(shareText(0.999999), "99.99 %");
  assert.equal(shareText(0.375), "37.50 %");
  assert.equal(shareText(0), "0 %");
  assert.equal(shareText(null), "–");
});

test("what the share means is a sentence with every number", () => {
  assert.match(meaningOf(totals), /Nothing/);
  assert.match(meaningOf({ ...totals, recorded: 3 }), /^All 3 /);
  assert.equal(
    meaningOf({ ...totals, recorded: 3, partial: 1, missing: 2, pending: 4, byPolicy: 5 }),
    "Of 6 call-parties that should be recorded 3 are there whole, 1 not whole, 2 missing (4 not judged yet; 5 not to be recorded by policy, not counted).",
  );
});

test("reasons begin with a sentence for people", () => {
  const missing = { verdict: "missing", policy: null } as const;
  assert.equal(
    reasonText({ ...missing, reason: "media-gone: its folder is gone (R)" }),
    "It was recorded, but its files are gone.",
  );
  assert.equal(reasonText({ ...missing, reason: "something new" }), "");
  assert.match(reasonText({ verdict: "by-policy", reason: "by-policy", policy: "R27" }), /R27/);
});
