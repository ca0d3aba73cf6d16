import assert from "node:assert/strict";
import { test } from "node:test";
import { type PacketIO, SrtpReceiver, type SrtpParameters, writeRtpHeader } from "@sidetone/rtp";
import { TapProtection } from "./tap-protection.ts";

function parametersOf(seed: number): SrtpParameters {
  return {
    suite: "AES_CM_128_HMAC_SHA1_80",
    keys: [{ keySalt: new Uint8Array(30).fill(seed), mki: new Uint8Array(0) }],
  };
}

function rig(): { protection: TapProtection; send: (n: number) => Uint8Array } {
  const sent: Uint8Array[] = [];
  const queue: PacketIO["queue"] = (_socket, _to, data, offset, length) => {
    sent.push(data.slice(offset, offset + length));
  };
  const protection = new TapProtection({ queue } as PacketIO);
  const send = (n: number): Uint8Array => {
    const data = new Uint8Array(5 + 12 + 160).fill(n);
    writeRtpHeader(data, 5, 0, false, n & 0xffff, n * 160, 7);
    const before = data.slice();
    protection.queueRtp(1, 1, data, 5, 172);
    assert.deepEqual(data, before, "other replicas send it, too");
    return sent.pop() ?? assert.fail();
  };
  return { protection, send };
}

test("RFC 3711 9.1: a key that comes again goes on where it was, over turns of the sequence number and other recorders", () => {
  const { protection, send } = rig();
  const receiver = new SrtpReceiver(parametersOf(1));
  const opens = (packet: Uint8Array): boolean => receiver.unprotectRtp(packet, 0, packet.length) === 172;
  protection.set(parametersOf(1));
  assert.ok(opens(send(0xfffe)));
  assert.ok(opens(send(0x10001)));
  protection.set(parametersOf(2));
  assert.ok(!opens(send(0x10002)));
  protection.set(undefined);
  assert.equal(send(0x10003).length, 172);
  protection.set(parametersOf(1));
  assert.ok(opens(send(0x10004)));
});
