import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSdp, cryptosOf } from "@sidetone/sip";
import { answerOffer, readOffer, unfitReason } from "./recording-session/answer.ts";
import { AnswerKeys, type SrtpPolicy } from "./recording-session/line-crypto.ts";
import { LaneSrtp } from "./media/lane-srtp.ts";
import { SrtpSender, type SrtpParameters } from "@sidetone/rtp";
import { callMetadata, runRecorder, Src } from "./testing-src.ts";

const KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const CRYPTO = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^31\r\n`;

function offerOf(protocol: string, attributes = ""): ReturnType<typeof parseSdp> & { ok: true } {
  const sdp = parseSdp(
    `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 ${protocol} 0\r\n${attributes}a=label:1\r\na=sendonly\r\n`,
  );
  assert.ok(sdp.ok);
  return sdp;
}

/** What an offer of one stream is answered with: protocol, and the suite where it is protected; `undefined`: refused. */
function answered(policy: SrtpPolicy, protocol: string, attributes = ""): string | undefined {
  const { value: offer } = offerOf(protocol, attributes);
  const lines = readOffer(offer, policy);
  if (!lines.some(({ taken }) => taken)) return undefined;
  const keys = new AnswerKeys((size) => new Uint8Array(size).fill(3));
  const identity = { address: "10.0.0.2", sessionId: 1, version: 1 };
  const [media] = answerOffer(offer, lines, new Map([[0, 5000]]), identity, keys).media;
  assert.ok(media !== undefined);
  const [crypto] = cryptosOf(media);
  return crypto === undefined ? media.protocol : `${media.protocol} ${crypto.tag} ${crypto.suite}`;
}

const SUITE = "AES_CM_128_HMAC_SHA1_80";
type Outcome = string | undefined;
const table: [
  name: string,
  protocol: string,
  attributes: string,
  off?: Outcome,
  optional?: Outcome,
  required?: Outcome,
][] = [
  ["plain RTP", "RTP/AVP", "", "RTP/AVP", "RTP/AVP", undefined],
  ["RTP/SAVP", "RTP/SAVP", CRYPTO, undefined, `RTP/SAVP 1 ${SUITE}`, `RTP/SAVP 1 ${SUITE}`],
  ["a wish (RFC 8643)", "RTP/AVP", CRYPTO, "RTP/AVP", `RTP/AVP 1 ${SUITE}`, `RTP/AVP 1 ${SUITE}`],
  ["RTP/SAVP without a key", "RTP/SAVP", "", undefined, undefined, undefined],
  ["a suite that nobody knows", "RTP/SAVP", CRYPTO.replace("AES_CM_128", "ROT_13"), undefined, undefined, undefined],
  ["a key that is too short", "RTP/SAVP", CRYPTO.replace(KEY, "AAAA"), undefined, undefined, undefined],
  ["a demand that we cannot do", "RTP/SAVP", CRYPTO.replace("|2^31", " UNENCRYPTED_SRTP")],
  [
    "the first line that we can do, in the client's order",
    "RTP/SAVP",
    CRYPTO.replace("1 AES_CM_128", "7 ROT_13") + CRYPTO.replace("crypto:1", "crypto:4"),
    undefined,
    `RTP/SAVP 4 ${SUITE}`,
    `RTP/SAVP 4 ${SUITE}`,
  ],
];
for (const [name, protocol, attributes, off, optional, required] of table) {
  test(`RFC 4568 5.1.2, ${name}: off, optional and required`, () => {
    assert.equal(answered("off", protocol, attributes), off);
    assert.equal(answered("optional", protocol, attributes), optional);
    assert.equal(answered("required", protocol, attributes), required);
  });
}

test("RFC 4568 7.1.4: the key of an answer stays while the suite does, and is another for each stream", () => {
  let made = 0;
  const keys = new AnswerKeys((size) => new Uint8Array(size).fill(made++));
  const [crypto] = cryptosOf(offerOf("RTP/SAVP", CRYPTO).value.media[0] ?? assert.fail());
  const value = (index: number): string | undefined => keys.attributes(index, crypto)[0]?.value;
  assert.equal(value(0), value(0));
  assert.notEqual(value(0), value(1));
});

test("the 488 says what is missing", () => {
  assert.match(unfitReason(offerOf("RTP/AVP").value, "required"), /SRTP only/);
  assert.match(unfitReason(offerOf("RTP/SAVP", CRYPTO).value, "off"), /takes no SRTP/);
  assert.match(unfitReason(offerOf("RTP/SAVP").value, "optional"), /no a=crypto/);
  assert.match(unfitReason(offerOf("UDP/TLS/RTP/SAVP").value, "optional"), /over RTP\/AVP/);
});

test("a recorder that wants SRTP refuses a client that offers none: 488 with the reason, and nothing is kept", async () => {
  const recorder = await runRecorder({ srtp: "required" });
  const src = await new Src().start();
  try {
    const metadata = callMetadata({ id: "clear", startMicros: Date.now() * 1000 });
    const { response } = await src.invite(recorder.sip, "record=clear@", src.body({ ports: [4000, 4002], metadata }));
    assert.equal(response.status, 488);
    assert.match(response.headers.get("Warning") ?? "", /^305 sidetone "this recorder takes SRTP only: RTP\/SAVP/);
    const found = await fetch(`${recorder.url}/api/v1/recordings/clear`);
    assert.equal(found.status, 404);
  } finally {
    await src.sip.close();
    await recorder.role.close();
  }
});

test("RFC 4568 7.1.4: over a change of keys what was sent with the old ones is still opened; the same ones go on", () => {
  const parametersOf = (seed: number): SrtpParameters => {
    return { suite: SUITE, keys: [{ keySalt: new Uint8Array(30).fill(seed), mki: new Uint8Array(0) }] };
  };
  const packet = (sender: SrtpSender, n: number): Uint8Array => {
    const data = new Uint8Array(12 + 160 + 20);
    data.set([0x80, 0, 0, n]);
    return data.slice(0, sender.protectRtp(data, 0, 172));
  };
  const [before, after] = [new SrtpSender(parametersOf(1)), new SrtpSender(parametersOf(2))];
  const lane = new LaneSrtp(parametersOf(1));
  const first = packet(before, 1);
  const late = packet(before, 2);
  assert.equal(lane.open("rtp", first.slice(), 0, first.length), 172);
  assert.equal(lane.set(parametersOf(1)), false);
  assert.equal(lane.open("rtp", first.slice(), 0, first.length), -1, "a replay");
  assert.equal(lane.set(parametersOf(2)), true);
  const next = packet(after, 1);
  assert.equal(lane.open("rtp", late, 0, late.length), 172);
  assert.equal(lane.open("rtp", next, 0, next.length), 172);
  assert.equal(lane.refused, 1);
});
