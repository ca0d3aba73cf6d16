import assert from "node:assert/strict";
import { test } from "node:test";
import { clientInvite, clientInviteStart } from "./client-invite.ts";
import type { ClientInviteInput, ClientInviteState } from "./client-invite.ts";
import { MachineRig } from "./rig.ts";

function rig(transport: "udp" | "tcp" = "udp"): MachineRig<ClientInviteState, ClientInviteInput> {
  const made = new MachineRig(clientInvite, clientInviteStart, transport);
  made.put({ kind: "start" });
  return made;
}

test("RFC 3261 17.1.1.2: Timer A repeats the INVITE after T1, doubling without a cap", () => {
  assert.deepEqual(
    rig()
      .after(31_999)
      .filter((line) => line.endsWith(" send")),
    ["0 send", "500 send", "1500 send", "3500 send", "7500 send", "15500 send", "31500 send"],
  );
});

test("RFC 3261 17.1.1.2: Timer A does not run on a reliable transport, Timer B does", () => {
  const r = rig("tcp");
  assert.deepEqual(r.after(32_000), ["0 send", "32000 timeout", "32000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.1.1.2: Timer B ends Calling after 64*T1", () => {
  const r = rig();
  assert.deepEqual(r.after(40_000).slice(-2), ["32000 timeout", "32000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.1.1.2: a provisional response stops Timers A and B; Proceeding has no time limit", () => {
  const r = rig();
  r.put({ kind: "response", status: 180 });
  r.put({ kind: "response", status: 183 });
  assert.deepEqual(r.after(3_600_000), ["0 send", "0 deliver", "0 deliver"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.1.1.2: Timer D keeps Completed for 32 s, where repeated finals are ACKed and not delivered", () => {
  const r = rig();
  r.put({ kind: "response", status: 486 });
  r.put({ kind: "response", status: 486 });
  assert.deepEqual(r.after(31_999), ["0 send", "0 send-ack", "0 deliver", "0 send-ack"]);
  assert.deepEqual(r.after(1), ["32000 terminated"]);
});

test("RFC 3261 17.1.1.2: Timer D is zero on a reliable transport", () => {
  const r = rig("tcp");
  r.put({ kind: "response", status: 486 });
  assert.deepEqual(r.after(0), ["0 send", "0 send-ack", "0 deliver", "0 terminated"]);
});

test("RFC 6026 7.2: Accepted delivers each 2xx until Timer M, and drops everything else", () => {
  const r = rig();
  r.put({ kind: "response", status: 180 });
  r.put({ kind: "response", status: 200 });
  r.put({ kind: "response", status: 200 });
  r.put({ kind: "response", status: 180 });
  r.put({ kind: "response", status: 486 });
  assert.deepEqual(r.after(31_999), ["0 send", "0 deliver", "0 deliver", "0 deliver"]);
  assert.deepEqual(r.after(1), ["32000 terminated"]);
});

test("RFC 3261 17.1.1.2: a transport error in Calling and in Proceeding is told once", () => {
  for (const first of [undefined, 180]) {
    const r = rig();
    if (first !== undefined) r.put({ kind: "response", status: first });
    r.put({ kind: "transport-error" });
    r.put({ kind: "transport-error" });
    assert.deepEqual(r.after(0).slice(-2), ["0 transport", "0 terminated"]);
  }
});
