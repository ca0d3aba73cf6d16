import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineRig } from "./rig.ts";
import { serverNonInvite, serverNonInviteStart } from "./server-non-invite.ts";
import type { ServerNonInviteInput, ServerNonInviteState } from "./server-non-invite.ts";

function rig(transport: "udp" | "tcp" = "udp"): MachineRig<ServerNonInviteState, ServerNonInviteInput> {
  const made = new MachineRig(serverNonInvite, serverNonInviteStart, transport);
  made.put({ kind: "start" });
  return made;
}

test("RFC 3261 17.2.2: a final response in Trying enters Completed; a repeated request gets it again until Timer J", () => {
  const r = rig();
  r.put({ kind: "retransmission" });
  r.put({ kind: "respond", status: 200 });
  r.put({ kind: "retransmission" });
  assert.deepEqual(r.after(31_999), ["0 deliver", "0 send", "0 send"]);
  assert.deepEqual(r.after(1), ["32000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.2.2: Timer J is zero on a reliable transport", () => {
  const r = rig("tcp");
  r.put({ kind: "respond", status: 200 });
  assert.deepEqual(r.after(0), ["0 deliver", "0 send", "0 terminated"]);
});

test("RFC 3261 17.2.2: a second final response in Completed is dropped", () => {
  const r = rig();
  r.put({ kind: "respond", status: 200 });
  r.put({ kind: "respond", status: 500 });
  assert.deepEqual(r.after(0), ["0 deliver", "0 send"]);
});

test("RFC 4320 4.1: of the provisional responses only 100 is sent", () => {
  const r = rig();
  r.put({ kind: "respond", status: 183 });
  r.put({ kind: "respond", status: 100 });
  r.put({ kind: "retransmission" });
  assert.deepEqual(r.after(0), ["0 deliver", "0 send", "0 send"]);
});

test("RFC 4320 4.2: 408 is never sent", () => {
  const r = rig();
  r.put({ kind: "respond", status: 408 });
  assert.deepEqual(r.after(0), ["0 deliver", "0 terminated"]);
});
