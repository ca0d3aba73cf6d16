import assert from "node:assert/strict";
import { test } from "node:test";
import { peerCheck } from "./peer-check.ts";

test("peers: loopback always; addresses and networks as configured; host names never", () => {
  const accepts = peerCheck(["192.0.2.7", "10.1.0.0/16", "2001:db8::/32", "recorder.example"]);
  for (const ip of ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.7", "10.1.255.3", "::ffff:10.1.0.1", "2001:db8:1::5"])
    assert.ok(accepts(ip), ip);
  for (const ip of ["192.0.2.8", "10.2.0.1", "::ffff:10.2.0.1", "2001:db9::1", "recorder.example", ""])
    assert.ok(!accepts(ip), ip);
});
