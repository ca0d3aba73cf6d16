import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { HmacSha1 } from "./hmac-sha1.ts";
import { KeyStream } from "./key-stream.ts";
import { deriveSessionKeys, type SessionKeys } from "./session-keys.ts";
import { SrtpReceiver } from "./srtp-receiver.ts";
import { SrtpSender } from "./srtp-sender.ts";
import { type SrtpParameters, type SrtpSuiteName, srtpSuite } from "./suite.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const suiteOf = (name: SrtpSuiteName) => srtpSuite(name) ?? assert.fail(name);

test("RFC 3711 B.2: the key stream of AES in counter mode, as far as the last blocks of a packet's 2^16", () => {
  const keys = { encryption: hex("2b7e151628aed2a6abf7158809cf4f3c"), salt: hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd") };
  const stream = new KeyStream(keys.encryption, keys.salt, 0, 1);
  const data = new Uint8Array(0xff02 * 16);
  stream.apply(data, 0, data.length, 0);
  const block = (n: number): string => text(data.subarray(n * 16, n * 16 + 16));
  assert.deepEqual([0, 1, 2, 0xfeff, 0xff00, 0xff01].map(block), [
    "e03ead0935c95e80e166b16dd92b4eb4",
    "d23513162b02d0f72a43a2fe4a5f97ab",
    "41e95b3bb0a2e8dd477901e4fca894c0",
    "ec8cdf7398607cb0f2d21675ea9ea1e4",
    "362b7c3c6773516318a077d7fc5073ae",
    "6a2cc3787889374fbeb4c81b17ba6c44",
  ]);
});

test("RFC 3711 B.3: session keys of a 128-bit master key", () => {
  const master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
  const keys = deriveSessionKeys(suiteOf("AES_CM_128_HMAC_SHA1_80"), master, "rtp");
  assert.equal(text(keys.encryption), "c61e7a93744f39ee10734afe3ff7a087");
  assert.equal(text(keys.salt), "30cbbc08863d8c85d49db34a9ae1");
  assert.equal(text(keys.authentication), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
});

test("RFC 6188 7.2: session keys of a 256-bit master key", () => {
  const master = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2");
  const keys = deriveSessionKeys(suiteOf("AES_256_CM_HMAC_SHA1_80"), master, "rtp");
  assert.equal(text(keys.encryption), "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
  assert.equal(text(keys.salt), "fa31791685ca444a9e07c6c64e93");
  assert.equal(text(keys.authentication), "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
});

const GALLIA = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
const REPORT =
  "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
const OCTETS = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

for (const [suite, keyLength, srtp, srtcp] of [
  [
    "AEAD_AES_128_GCM",
    16,
    "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
    "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
  ],
  [
    "AEAD_AES_256_GCM",
    32,
    "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
    "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
  ],
] as const) {
  const session: SessionKeys = {
    encryption: hex(OCTETS).subarray(0, keyLength),
    salt: hex("517569642070726f2071756f"),
    authentication: new Uint8Array(0),
  };
  const none: SrtpParameters = { suite, keys: [{ keySalt: new Uint8Array(0), mki: new Uint8Array(0) }] };
  const both = { rtp: session, rtcp: session };

  test(`RFC 7714 16: an RTP packet with ${suite}`, () => {
    const packet = new Uint8Array(100);
    packet.set(hex(GALLIA));
    const length = new SrtpSender(none, both).protectRtp(packet, 0, GALLIA.length / 2);
    assert.equal(text(packet.subarray(0, length)), GALLIA.slice(0, 24) + srtp);
    const plain = new SrtpReceiver(none, both).unprotectRtp(packet, 0, length);
    assert.equal(text(packet.subarray(0, plain)), GALLIA);
  });

  test(`RFC 7714 17: an RTCP packet with ${suite}, and one that is only authenticated`, () => {
    const sender = new SrtpSender(none, both);
    const packet = new Uint8Array(100);
    let length = 0;
    // The index of the RFC's packet.
    for (let i = 0; i < 0x5d4; i++) {
      packet.set(hex(REPORT));
      length = sender.protectRtcp(packet, 0, REPORT.length / 2);
    }
    assert.equal(text(packet.subarray(0, length)), REPORT.slice(0, 16) + srtcp);
    const receiver = new SrtpReceiver(none, both);
    const plain = receiver.unprotectRtcp(packet, 0, length);
    assert.equal(text(packet.subarray(0, plain)), REPORT);
    if (keyLength !== 16) return;
    const tagged = hex(`${REPORT}841dd9683dd78ec92ae58790125f62b3000005d4`);
    assert.equal(new SrtpReceiver(none, both).unprotectRtcp(tagged, 0, tagged.length), REPORT.length / 2);
    assert.equal(text(tagged).slice(0, REPORT.length), REPORT);
  });
}

/** As other implementations protect them. */
const KNOWN: readonly [SrtpSuiteName, string, string, string | undefined][] = [
  [
    "AES_CM_128_HMAC_SHA1_80",
    "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
    "4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
    "7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
  ],
  [
    "AES_256_CM_HMAC_SHA1_80",
    "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2",
    "f1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b",
    undefined,
  ],
  [
    "AEAD_AES_128_GCM",
    "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
    "c5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392",
    "c98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001",
  ],
];

for (const [suite, master, srtp, srtcp] of KNOWN) {
  test(`${suite}: from the master key to the packet, as other implementations have it`, () => {
    const parameters = { suite, keys: [{ keySalt: hex(master), mki: new Uint8Array(0) }] };
    const sender = new SrtpSender(parameters);
    const rtp = new Uint8Array(60);
    rtp.set(hex(`800f1234decafbadcafebabe${"ab".repeat(16)}`));
    assert.equal(text(rtp.subarray(12, sender.protectRtp(rtp, 0, 28))), srtp);
    if (srtcp === undefined) return;
    const rtcp = new Uint8Array(60);
    rtcp.set(hex(`81c8000bcafebabe${"ab".repeat(16)}`));
    assert.equal(text(rtcp.subarray(8, sender.protectRtcp(rtcp, 0, 24))), srtcp);
  });
}

test("RFC 2104: HMAC-SHA1 of any message is that of node:crypto", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 300 }), fc.nat(), (key, data, after) => {
      const ours = new HmacSha1(key);
      ours.sign(data, 0, data.length);
      assert.equal(text(ours.tag), createHmac("sha1", key).update(data).digest("hex"));
      const word = Buffer.alloc(4);
      word.writeUInt32BE(after);
      ours.sign(data, 0, data.length, after);
      assert.equal(text(ours.tag), createHmac("sha1", key).update(data).update(word).digest("hex"));
    }),
  );
});
