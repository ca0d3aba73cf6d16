import assert from "node:assert/strict";
import { test } from "node:test";
import { asnEvent, dialogExitEvent, exitStatusOf, longestMatch, readMsml, speakersOf, writeMsml } from "./index.ts";

test("RFC 5707 8.6.2: active speakers are a list of connections", () => {
  const event = asnEvent("conf:example", ["conn:a", "conn:b"]);
  const read = readMsml(writeMsml({ kind: "event", event }));
  assert.ok(read.ok && read.value.kind === "event");
  assert.deepEqual(speakersOf(read.value.event), ["conn:a", "conn:b"]);
});

test("RFC 5707 9.6.1: a failed dialog tells its status and why, and what it had so far", () => {
  const event = dialogExitEvent("conn:a/dialog:d", [["play.amt", "2s"]], { response: 423 });
  assert.deepEqual(event.values, [
    ["dialog.exit.status", "423"],
    ["dialog.exit.description", "External document fetch error"],
    ["play.amt", "2s"],
  ]);
  assert.equal(exitStatusOf(event), 423);
  assert.equal(exitStatusOf(dialogExitEvent("conn:a/dialog:d")), undefined);
});

test("RFC 5707 9.3: an event means the longest name that is known", () => {
  const known = ["terminate", "terminate.cancelled", "pause"] as const;
  assert.equal(longestMatch("terminate", known), "terminate");
  assert.equal(longestMatch("terminate.frowning", known), "terminate");
  assert.equal(longestMatch("terminate.cancelled.twice", known), "terminate.cancelled");
  assert.equal(longestMatch("terminated", known), undefined);
  assert.equal(longestMatch("pause", known), "pause");
});
