import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assumedSessionMs } from "../limits.ts";
import { ClientSessions } from "./client-sessions.ts";

test("a client is full at its limit, others are not; an end or five minutes make room", () => {
  const sessions = new ClientSessions(2);
  sessions.began("a", "1", 0);
  sessions.began("a", "1", 0); // the same INVITE again
  assert.equal(sessions.isFull("a", 0), false);
  sessions.began("a", "2", 10);
  assert.equal(sessions.isFull("a", 10), true);
  assert.equal(sessions.isFull("b", 10), false);
  sessions.ended("1");
  sessions.ended("1");
  assert.equal(sessions.isFull("a", 10), false);
  sessions.began("a", "3", 20);
  assert.equal(sessions.isFull("a", 10 + assumedSessionMs - 1), true);
  assert.equal(sessions.isFull("a", 10 + assumedSessionMs), false);
});

test("without a limit nobody is full", () => {
  const sessions = new ClientSessions(undefined);
  for (let i = 0; i < 10; i++) sessions.began("a", String(i), 0);
  assert.equal(sessions.isFull("a", 0), false);
});

test("whatever comes, a client is full exactly where it has as many open sessions as it may", () => {
  const step = fc.record({ begin: fc.boolean(), client: fc.constantFrom("a", "b"), id: fc.nat(6) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sessions = new ClientSessions(3);
      const open = new Map<string, string>();
      for (const { begin, client, id } of steps) {
        const callId = `${client} ${id}`;
        if (begin) {
          sessions.began(client, callId, 0);
          open.set(callId, client);
        } else {
          sessions.ended(callId);
          open.delete(callId);
        }
        for (const one of ["a", "b"]) {
          const count = Array.from(open.values()).filter((c) => c === one).length;
          assert.equal(sessions.isFull(one, 0), count >= 3);
        }
      }
    }),
  );
});
