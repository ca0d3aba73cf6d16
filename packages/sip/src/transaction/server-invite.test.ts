import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineRig } from "./rig.ts";
import { serverInvite, serverInviteStart } from "./server-invite.ts";
import type { ServerInviteInput, ServerInviteState } from "./server-invite.ts";

function rig(transport: "udp" | "tcp" = "udp"): MachineRig<ServerInviteState, ServerInviteInput> {
  const made = new MachineRig(serverInvite, serverInviteStart, transport);
  made.put({ kind: "start" });
  return made;
}

test("RFC 3261 17.2.1: 100 goes out by itself after 200 ms, unless something else did", () => {
  assert.deepEqual(rig().after(1_000), ["0 deliver", "200 send-trying"]);
  const answered = rig();
  answered.put({ kind: "respond", status: 180 });
  assert.deepEqual(answered.after(1_000), ["0 deliver", "0 send"]);
});

test("RFC 3261 17.2.1: a repeated INVITE in Proceeding gets the last provisional response", () => {
  const r = rig();
  r.put({ kind: "retransmission" });
  r.put({ kind: "respond", status: 180 });
  r.put({ kind: "retransmission" });
  assert.deepEqual(r.after(0), ["0 deliver", "0 send-trying", "0 send", "0 send"]);
});

test("RFC 3261 17.2.1: Timer G repeats a 3xx-6xx response after T1, doubling up to T2", () => {
  const r = rig();
  r.put({ kind: "respond", status: 486 });
  assert.deepEqual(r.after(16_000), [
    "0 deliver",
    "0 send",
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "11500 send",
    "15500 send",
  ]);
});

test("RFC 3261 17.2.1: Timer G does not run on a reliable transport", () => {
  const r = rig("tcp");
  r.put({ kind: "respond", status: 486 });
  assert.deepEqual(r.after(31_999), ["0 deliver", "0 send"]);
});

test("RFC 3261 17.2.1: Timer H gives up waiting for the ACK after 64*T1", () => {
  const r = rig("tcp");
  r.put({ kind: "respond", status: 486 });
  assert.deepEqual(r.after(32_000).slice(-2), ["32000 timeout", "32000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.2.1: ACK stops Timers G and H; Timer I keeps Confirmed for T4 and absorbs ACKs", () => {
  const r = rig();
  r.put({ kind: "respond", status: 486 });
  r.put({ kind: "ack" });
  r.put({ kind: "ack" });
  assert.deepEqual(r.after(4_999), ["0 deliver", "0 send"]);
  assert.deepEqual(r.after(1), ["5000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.2.1: Timer I is zero on a reliable transport", () => {
  const r = rig("tcp");
  r.put({ kind: "respond", status: 486 });
  r.put({ kind: "ack" });
  assert.deepEqual(r.after(0), ["0 deliver", "0 send", "0 terminated"]);
});

test("RFC 6026 7.1: Accepted absorbs repeated INVITEs, sends 2xx of its user again, and ends with Timer L", () => {
  const r = rig();
  r.put({ kind: "respond", status: 200 });
  r.put({ kind: "retransmission" });
  r.put({ kind: "respond", status: 200 });
  r.put({ kind: "respond", status: 486 });
  assert.deepEqual(r.after(31_999), ["0 deliver", "0 send", "0 send"]);
  assert.deepEqual(r.after(1), ["32000 terminated"]);
});
