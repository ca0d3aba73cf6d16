import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProfile, profileOf, type SessionProfiles } from "./profile.ts";

const profiles: SessionProfiles = new Map([
  ["10.0.*", { codecs: ["PCMA"] }],
  ["vendor", { protocol: "request-uri" }],
  ["10.0.0.7:5080", { layout: "session-per-party" }],
  ["*", { streams: "per-participant" }],
]);

test("contract, recorder profile: by group, by host and port, by the first pattern that fits, else the default", () => {
  const table: [places: string[], differs: object][] = [
    [["vendor"], { protocol: "request-uri" }],
    [["10.0.0.7:5080", "10.0.0.7"], { layout: "session-per-party" }],
    [["10.0.0.7:5060", "10.0.0.7"], { codecs: ["PCMA"] }],
    [["elsewhere"], { streams: "per-participant" }],
    [[], { streams: "per-participant" }],
  ];
  for (const [places, differs] of table)
    assert.deepEqual(profileOf(profiles, places), { ...defaultProfile, ...differs });
});

test("contract, recorder profile: the only one serves where the Resource Manager chooses, but no other destination", () => {
  const one: SessionProfiles = new Map([["recorders", { codecs: ["PCMA"] }]]);
  assert.deepEqual(profileOf(one, []).codecs, ["PCMA"]);
  assert.deepEqual(profileOf(one, ["10.0.0.7"]), defaultProfile);
  assert.deepEqual(profileOf(new Map(), []), defaultProfile);
});
