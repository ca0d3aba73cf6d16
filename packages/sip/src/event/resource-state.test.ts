import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatResourceState, parseResourceState, type ResourceStateEntry } from "./resource-state.ts";
import { formatSubscriptionState, parseEvent, parseSubscriptionState } from "./subscription-state.ts";

const entry: ResourceStateEntry = {
  resource: "sip:127.0.0.1:5080;transport=tcp",
  group: "media-servers",
  service: "msml",
  state: "lost",
  reason: "did not answer OPTIONS",
  since: "2026-11-20T09:15:15.000250Z",
};

describe("documents of sidetone-resource", () => {
  test("what is written is read", () => {
    const document = { full: true, resources: [entry, { ...entry, state: "up" as const, reason: "" }] };
    assert.deepEqual(parseResourceState(formatResourceState(document)), { ok: true, value: document });
  });
  test("what a newer Resource Manager adds is left out", () => {
    const text = JSON.stringify({ full: false, version: 2, resources: [{ ...entry, colour: "red" }] });
    assert.deepEqual(parseResourceState(text), { ok: true, value: { full: false, resources: [entry] } });
  });
  for (const [title, value] of [
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no full", JSON.stringify({ resources: [] })],
    ["another state", JSON.stringify({ full: true, resources: [{ ...entry, state: "dead" }] })],
    ["another service", JSON.stringify({ full: true, resources: [{ ...entry, service: "coffee" }] })],
    ["no SIP URI", JSON.stringify({ full: true, resources: [{ ...entry, resource: "127.0.0.1" }] })],
    ["no time", JSON.stringify({ full: true, resources: [{ ...entry, since: "yesterday" }] })],
    ["a text that never ends", JSON.stringify({ full: true, resources: [{ ...entry, reason: "x".repeat(2000) }] })],
  ] as const) {
    test(`refused, without an exception: ${title}`, () => assert.equal(parseResourceState(value).ok, false));
  }
  test("whatever comes is read or refused", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseResourceState(text)));
  });
});

describe("RFC 6665 8.2: headers", () => {
  test("Subscription-State is written and read", () => {
    const state = { state: "terminated", expires: undefined, reason: "probation", retryAfter: 5 };
    assert.equal(formatSubscriptionState(state), "terminated;reason=probation;retry-after=5");
    assert.deepEqual(parseSubscriptionState(" Terminated ; reason=Probation ;retry-after=5"), state);
    assert.equal(parseSubscriptionState("active;=x"), undefined);
  });
  test("Event names its package without regard to case, with its id", () => {
    assert.deepEqual(parseEvent("Dialog;id=4"), { name: "dialog", id: "4" });
    assert.equal(parseEvent(""), undefined);
  });
});
