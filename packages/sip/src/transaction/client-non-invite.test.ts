import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNonInvite, clientNonInviteStart } from "./client-non-invite.ts";
import type { ClientNonInviteInput, ClientNonInviteState } from "./client-non-invite.ts";
import { MachineRig } from "./rig.ts";

function rig(transport: "udp" | "tcp" = "udp"): MachineRig<ClientNonInviteState, ClientNonInviteInput> {
  const made = new MachineRig(clientNonInvite, clientNonInviteStart, transport);
  made.put({ kind: "start" });
  return made;
}

test("RFC 3261 17.1.2.2: Timer E repeats the request after T1, doubling up to T2 (erratum 2769)", () => {
  assert.deepEqual(
    rig().after(20_000),
    [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500].map((ms) => `${ms} send`),
  );
});

test("RFC 3261 17.1.2.2: Timer E goes on at T2 in Proceeding, and Timer F still ends it", () => {
  const r = rig();
  r.put({ kind: "response", status: 100 });
  assert.deepEqual(r.after(9_000), ["0 send", "0 deliver", "500 send", "4500 send", "8500 send"]);
  assert.deepEqual(r.after(30_000).slice(-2), ["32000 timeout", "32000 terminated"]);
});

test("RFC 3261 17.1.2.2: Timer F ends Trying after 64*T1", () => {
  const r = rig("tcp");
  assert.deepEqual(r.after(32_000), ["0 send", "32000 timeout", "32000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.1.2.2: Timer K keeps Completed for T4 and absorbs repeated responses", () => {
  const r = rig();
  r.put({ kind: "response", status: 200 });
  r.put({ kind: "response", status: 200 });
  assert.deepEqual(r.after(4_999), ["0 send", "0 deliver"]);
  assert.deepEqual(r.after(1), ["5000 terminated"]);
  assert.equal(r.clock.pending, 0);
});

test("RFC 3261 17.1.2.2: Timer K is zero on a reliable transport", () => {
  const r = rig("tcp");
  r.put({ kind: "response", status: 404 });
  assert.deepEqual(r.after(0), ["0 send", "0 deliver", "0 terminated"]);
});
