import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeRtpHeader } from "../rtp-packet.ts";
import { REPLAY_WINDOW } from "./replay-window.ts";
import { SrtpReceiver } from "./srtp-receiver.ts";
import { SrtpSender } from "./srtp-sender.ts";
import { SRTP_OVERHEAD, SRTP_SUITES, type SrtpParameters, type SrtpSuite } from "./suite.ts";

const SSRC = 0xdecafbad;

function parametersOf(suite: SrtpSuite, seed = 7, mki: Uint8Array = new Uint8Array(0)): SrtpParameters {
  const keySalt = Uint8Array.from({ length: suite.keyLength + suite.saltLength }, (_, i) => i * seed + 3);
  return { suite: suite.name, keys: [{ keySalt, mki }] };
}

/** Frame `n` of a stream: its payload says which one it is. */
function frame(n: number, first: number, size = 160): { data: Uint8Array; length: number } {
  const data = new Uint8Array(12 + size + SRTP_OVERHEAD);
  writeRtpHeader(data, 0, 0, false, (first + n) & 0xffff, n * 160, SSRC);
  for (let i = 0; i < size; i++) data[12 + i] = n * 31 + i;
  return { data, length: 12 + size };
}

function sealed(sender: SrtpSender, n: number, first: number, size?: number): Uint8Array {
  const { data, length } = frame(n, first, size);
  return data.slice(0, sender.protectRtp(data, 0, length));
}

/** What a receiver makes of a packet; undefined: refused. The packet itself stays as it is. */
function opened(receiver: SrtpReceiver, packet: Uint8Array): Uint8Array | undefined {
  const copy = packet.slice();
  const length = receiver.unprotectRtp(copy, 0, copy.length);
  if (length < 0) assert.deepEqual(copy, packet, "a refused packet was changed");
  return length < 0 ? undefined : copy.slice(0, length);
}

for (const suite of SRTP_SUITES) {
  test(`${suite.name}: loss and reordering within the window, over turns of the sequence number, any size`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.array(fc.record({ lost: fc.boolean(), late: fc.nat(40), size: fc.nat(200) }), {
          minLength: 1,
          maxLength: 60,
        }),
        (first, plan) => {
          const sender = new SrtpSender(parametersOf(suite));
          const receiver = new SrtpReceiver(parametersOf(suite));
          const sent = plan.map(({ size, lost, late }, n) => {
            return {
              n,
              lost: lost && n > 0,
              at: n === 0 ? -1 : n + late,
              size,
              packet: sealed(sender, n, first, size),
            };
          });
          for (const { n, size, packet } of sent.filter((s) => !s.lost).toSorted((a, b) => a.at - b.at)) {
            const { data, length } = frame(n, first, size);
            assert.deepEqual(opened(receiver, packet), data.slice(0, length));
          }
        },
      ),
      { numRuns: suite.cipher === "gcm" ? 20 : 50 },
    );
  });

  test(`${suite.name}: any octet changed, or another key, and the packet is refused unchanged`, () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (where, change) => {
        const sender = new SrtpSender(parametersOf(suite));
        const receiver = new SrtpReceiver(parametersOf(suite));
        const packet = sealed(sender, 0, 100);
        const at = where % packet.length;
        packet[at] = (packet[at] ?? 0) ^ change;
        assert.equal(opened(receiver, packet), undefined);
        packet[at] = (packet[at] ?? 0) ^ change;
        assert.equal(opened(new SrtpReceiver(parametersOf(suite, 9)), packet), undefined);
        assert.notEqual(opened(receiver, packet), undefined);
      }),
      { numRuns: 30 },
    );
  });

  test(`RFC 3711 3.4: SRTCP with ${suite.name}: once each, and not where it was changed`, () => {
    const sender = new SrtpSender(parametersOf(suite));
    const receiver = new SrtpReceiver(parametersOf(suite));
    const report = Uint8Array.from({ length: 28 }, (_, i) => [0x80, 200, 0, 6, 1, 2, 3, 4][i] ?? i);
    const packets = [0, 1, 2].map(() => {
      const data = new Uint8Array(28 + SRTP_OVERHEAD);
      data.set(report);
      return data.slice(0, sender.protectRtcp(data, 0, 28));
    });
    for (const n of [1, 0, 2]) {
      const packet = packets[n] ?? assert.fail();
      for (let at = 0; at < packet.length; at++) {
        const changed = packet.slice();
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        assert.equal(receiver.unprotectRtcp(changed, 0, changed.length), -1, `octet ${at}`);
      }
      const copy = packet.slice();
      assert.equal(receiver.unprotectRtcp(copy, 0, copy.length), 28);
      assert.deepEqual(copy.slice(0, 28), report);
      assert.equal(receiver.unprotectRtcp(packet.slice(), 0, packet.length), -1, "a replay");
    }
  });

  test(`RFC 3711 3.1: ${suite.name} with an MKI: found by it, refused with an unknown one`, () => {
    const mki = Uint8Array.of(0, 0, 0, 5);
    const [own] = parametersOf(suite).keys;
    const [other] = parametersOf(suite, 11).keys;
    assert.ok(own !== undefined && other !== undefined);
    const receiver = new SrtpReceiver({
      suite: suite.name,
      keys: [
        { ...other, mki: Uint8Array.of(0, 0, 0, 4) },
        { ...own, mki },
      ],
    });
    const plain = sealed(new SrtpSender(parametersOf(suite)), 0, 1);
    const at = suite.cipher === "gcm" ? plain.length : plain.length - suite.tagLength;
    const withMki = (octets: Uint8Array) => Uint8Array.from([...plain.slice(0, at), ...octets, ...plain.slice(at)]);
    assert.equal(opened(receiver, withMki(Uint8Array.of(0, 0, 0, 6))), undefined);
    const { data, length } = frame(0, 1);
    assert.deepEqual(opened(receiver, withMki(mki)), data.slice(0, length));
  });
}

const [SUITE] = SRTP_SUITES;
assert.ok(SUITE !== undefined);
const PARAMETERS = parametersOf(SUITE);

test("RFC 3711 3.3.2: a packet is taken once, also as the oldest of the window; an older one is refused", () => {
  const sender = new SrtpSender(PARAMETERS);
  const receiver = new SrtpReceiver(PARAMETERS);
  const packets = Array.from({ length: REPLAY_WINDOW + 2 }, (_, n) => sealed(sender, n, 65_000));
  const last = packets.at(-1) ?? assert.fail();
  for (const early of [packets[0], last]) assert.ok(opened(receiver, early ?? last));
  assert.equal(opened(receiver, last), undefined);
  assert.equal(opened(receiver, packets[1] ?? last), undefined, "out of the window");
  assert.ok(opened(receiver, packets[2] ?? last));
  assert.equal(opened(receiver, packets[2] ?? last), undefined);
  assert.equal(receiver.refusals.replayed, 3);
});

test("RFC 3711 3.3.1: the rollover counter goes on over many turns, each direction by itself", () => {
  const sender = new SrtpSender(PARAMETERS);
  const receiver = new SrtpReceiver(PARAMETERS);
  for (let turn = 0; turn < 4; turn++) {
    for (let sequence = 0; sequence < 0x1_0000; sequence += 0x1001) {
      const packet = sealed(sender, sequence, 0);
      if (sequence % 3 === 0) assert.ok(opened(receiver, packet), `turn ${turn}, ${sequence}`);
    }
  }
});

test("a receiver that heard nothing before the first turn of the sequence number finds the stream all the same", () => {
  const sender = new SrtpSender(PARAMETERS);
  sealed(sender, 0, 0xffff);
  assert.ok(opened(new SrtpReceiver(PARAMETERS), sealed(sender, 1, 0xffff)));
});

test("RFC 3711 9.1: an index is never used twice for sending", () => {
  const sender = new SrtpSender(PARAMETERS);
  sealed(sender, 5, 0);
  assert.throws(() => sealed(sender, 5, 0), { code: "srtp-index-repeated" });
  assert.throws(() => sealed(sender, 4, 0), { code: "srtp-index-repeated" });
});

test("sources are apart: each with its own window and counter", () => {
  const sender = new SrtpSender(PARAMETERS);
  const receiver = new SrtpReceiver(PARAMETERS);
  for (let n = 0; n < 200; n++) {
    const { data, length } = frame(n, 10);
    data[11] = n % 100;
    const plain = data.slice(0, length);
    const size = sender.protectRtp(data, 0, length);
    assert.deepEqual(opened(receiver, data.slice(0, size)), plain);
  }
});

test("property: no octets make a receiver throw", () => {
  const receiver = new SrtpReceiver(PARAMETERS);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
      const data = Uint8Array.from([0x80, ...octets]);
      assert.equal(receiver.unprotectRtp(data, 0, data.length), -1);
      assert.equal(receiver.unprotectRtcp(data, 0, data.length), -1);
    }),
  );
});
