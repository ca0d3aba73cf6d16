import assert from "node:assert/strict";
import { test } from "node:test";
import { eventNames, readServerEnvelope, readServerMessage } from "./index.ts";
import { messageSchemas } from "./message-schemas.ts";
import { validMessage } from "./valid-messages.fixture.ts";

test("an event with all its attributes is read; each required one that is missing is named", () => {
  for (const name of eventNames) {
    assert.ok(readServerMessage(JSON.stringify(validMessage(name))).ok, name);
    for (const required of messageSchemas.get(name)?.required ?? []) {
      const message = validMessage(name);
      Reflect.deleteProperty(message.attributes, required);
      const expected = `${name}: ${required} is missing: ${name} needs it`;
      assert.deepEqual(readServerMessage(JSON.stringify(message)), { ok: false, error: expected });
    }
  }
});

test("clients ignore unknown attributes, and meet values of enumerations that they do not know", () => {
  const message = validMessage("EventRinging");
  Object.assign(message.attributes, { CallType: "Holographic", ThisDNRole: "RoleX", Mood: ["good"] });
  assert.ok(readServerMessage(JSON.stringify(message)).ok);
});

test("an unknown event is told as such, with its seq", () => {
  const text = '{"message":"EventMood","seq":4,"time":"2026-11-20T09:15:01.250000Z","attributes":{"A":1}}';
  assert.deepEqual(readServerMessage(text), {
    ok: true,
    value: { message: "unknown", name: "EventMood", seq: 4, time: "2026-11-20T09:15:01.250000Z", attributes: { A: 1 } },
  });
});

for (const [title, text] of [
  ["not JSON", "{"],
  ["a request", '{"message":"RequestQueryServer","attributes":{}}'],
  ["no seq", '{"message":"EventLinkConnected","time":"2026-11-20T09:15:01.250000Z","attributes":{}}'],
  ["seq 0", '{"message":"EventLinkConnected","seq":0,"time":"2026-11-20T09:15:01.250000Z","attributes":{}}'],
  ["no time", '{"message":"EventLinkConnected","seq":1,"attributes":{}}'],
  ["no attributes", '{"message":"Ping"}'],
] as const) {
  test(`no message of a server: ${title}`, () => {
    assert.ok(!readServerEnvelope(text).ok);
    assert.ok(!readServerMessage(text).ok);
  });
}

test("time has microseconds", () => {
  const message = { ...validMessage("EventLinkConnected"), time: "2026-11-20T09:15:01.250Z" };
  assert.ok(!readServerMessage(JSON.stringify(message)).ok);
});
