// C6, C8, C10: what may come to a recorder's ports. The sockets are a list; what they take is what the file holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import type { EventLine, WriterMessage } from "@sidetone/recording-file";
import { type PacketBatch, type PacketIO, PortPairs, writeReport, writeRtpHeader } from "@sidetone/rtp";
import { randomOf, type Sent } from "./wire.fixture.ts";
import { MediaEngine } from "./media-engine.ts";
import type { LaneSpec, MediaTelling } from "./media-protocol.ts";
import { murmur, passesWavcheck } from "./wavcheck.fixture.ts";

const [SDP, PEER, STRANGER] = [0x0a00_0001, 0x0a00_0002, 0x0a00_0063];

function rig(remote: LaneSpec["remote"]) {
  const clock = new ManualClock();
  const heard = new Set<number>();
  const chunks: Uint8Array[] = [];
  let zeroMicros = 0;
  const told: MediaTelling[] = [];
  const events: EventLine[] = [];
  let sockets = 0;
  let queued = 0;
  const io = {
    kind: "dgram",
    closed: false,
    onBatch: (_batch: PacketBatch): void => undefined,
    onWake: () => undefined,
    open: () => sockets++,
    close: () => undefined,
    run: () => undefined,
    queue: () => queued++,
    shutdown: () => undefined,
    stats: () => ({ received: 0, openSockets: sockets }),
  };
  const engine = new MediaEngine({
    io: io as unknown as PacketIO,
    ports: new PortPairs({ min: 20_000, max: 20_010, clock }),
    clock,
    address: "127.0.0.1",
    rtpTimeoutMs: 90_000,
    showDigits: false,
    tell: (telling) => told.push(telling),
    write: (message: WriterMessage) => {
      if (message.do === "audio") for (const octet of message.bytes) heard.add(octet);
      if (message.do === "audio") chunks.push(message.bytes);
      if (message.do === "silence") chunks.push(new Uint8Array(2 * message.frames).fill(0xff));
      if (message.do === "zero") zeroMicros = message.wallMicros;
      if (message.do === "line" && message.line.type === "event") events.push(message.line);
    },
  });
  const spec: LaneSpec = { channel: 0, remote, allowed: [PEER], payloads: [[0, "pcmu"]], paused: false };
  const originMicros = clock.wallMicros();
  engine.carryOut({
    do: "open-recording",
    handle: 1,
    originMicros,
    defaultCodec: "pcmu",
    continued: undefined,
    epoch: 1,
  });
  engine.carryOut({ do: "open-session", ask: 1, session: 1, handle: 1, lanes: [spec], takesOver: false });
  const take = (data: Uint8Array, ip: number, port: number): void => {
    io.onBatch({
      count: 1,
      data,
      socket: Int32Array.of(0),
      offset: Int32Array.of(0),
      length: Int32Array.of(data.length),
      sourceIp: Uint32Array.of(ip),
      sourcePort: Uint16Array.of(port),
      arrivalMicros: Float64Array.of(clock.wallMicros()),
    });
  };
  let n = 0;
  /** 20 ms, said from there, in a sound of its own. */
  const say = (octet: number, ip: number, port: number, payloadType = 0): void => {
    const data = new Uint8Array(172).fill(octet);
    writeRtpHeader(data, 0, payloadType, false, n, n * 160, 5);
    n += 1;
    take(data, ip, port);
    clock.advance(20);
  };
  const wire: Sent[] = [];
  /** The next 20 ms of a voice, said from there; they are on the way for 5 ms. */
  const speak = (ip: number, port: number): void => {
    const payload = murmur(0)(n * 160, 160);
    const data = new Uint8Array(172);
    writeRtpHeader(data, 0, 0, false, n, n * 160, 5);
    data.set(payload, 12);
    const atMs = (clock.wallMicros() - originMicros) / 1000 - 5;
    wire.push({ channel: 0, ssrc: 5, sequence: n, timestamp: n * 160, payloadType: 0, payload, atMs });
    n += 1;
    take(data, ip, port);
    clock.advance(20);
  };
  /** Loud noise in packets that fit into the stream, from somebody else: at no time of their own. */
  const shout = (ip: number, port: number, ssrc = 5): void => {
    const data = new Uint8Array(172).fill(0x80 + (n % 2));
    writeRtpHeader(data, 0, 0, false, n, n * 160, ssrc);
    take(data, ip, port);
  };
  /** Ends the recording; wavcheck judges it against what was spoken. */
  const judge = async (): Promise<void> => {
    stop();
    const audio = Buffer.concat(chunks);
    await passesWavcheck({ audio, zeroMs: (zeroMicros - originMicros) / 1000 }, wire, { silent: [1] });
  };
  const stop = (): ReadonlySet<number> => {
    const end = { byeMicros: clock.wallMicros(), state: "complete", reason: "BYE", withdrawn: false } as const;
    engine.carryOut({ do: "close-session", session: 1, lingerMs: 0, end });
    clock.advance(10);
    engine.close();
    return heard;
  };
  const invite = (lane: Partial<LaneSpec>): void =>
    engine.carryOut({
      do: "update-lane",
      session: 1,
      index: 0,
      atMicros: clock.wallMicros(),
      lane: { ...spec, ...lane },
    });
  const stats = () => told.flatMap((t) => (t.tell === "closed" ? t.lanes : []))[0];
  return { say, take, stop, invite, stats, events, answers: () => queued, speak, shout, judge };
}

const at = { ip: SDP, port: 4000 };

test("C6: strangers are not recorded and not answered, whatever SSRC they use; nothing of the real stream is lost", () => {
  const r = rig(at);
  r.say(1, SDP, 4000);
  for (let port = 3990; port < 4010; port++) {
    r.say(90, STRANGER, port);
    r.say(91, PEER, port);
    if (port !== 4000) r.say(92, SDP, port);
    r.say(1, SDP, 4000);
  }
  const heard = r.stop();
  assert.deepEqual(
    [...heard].filter((octet) => octet !== 0xff),
    [1],
  );
  assert.equal(r.answers(), 0);
  assert.deepEqual([r.stats()?.packets, r.stats()?.refused], [21, 59]);
});

test("C6, judged by wavcheck: what strangers send between the packets of the stream leaves no trace", async () => {
  const r = rig(at);
  for (let i = 0; i < 200; i++) {
    if (i > 0) r.shout(STRANGER, 4000);
    if (i > 0) r.shout(SDP, 4002, i);
    r.speak(SDP, 4000);
  }
  await r.judge();
});

test("C8, judged by wavcheck: a phone moves with a re-INVITE, and the stream goes on without a gap", async () => {
  const r = rig(at);
  for (let i = 0; i < 100; i++) r.speak(SDP, 4000);
  r.invite({ remote: { ip: SDP, port: 4002 }, allowed: [PEER, SDP] });
  // Two that were under way.
  for (let i = 0; i < 100; i++) r.speak(SDP, i < 2 ? 4000 : 4002);
  await r.judge();
});

test("C10, judged by wavcheck: STUN, RTCP and garbage between the packets of the stream", async () => {
  const r = rig(at);
  const random = randomOf(10);
  const kinds = [0x00, 0x01, 0x10, 0x16, 0x40, 0xc0, 0xff];
  for (let i = 0; i < 200; i++) {
    for (let k = 0; k < 20; k++) {
      const noise = Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
      if (noise.length > 0) noise[0] = kinds[k % kinds.length] ?? 0;
      r.take(noise, SDP, 4000);
    }
    r.speak(SDP, 4000);
  }
  await r.judge();
});

test("C8: symmetric RTP is learnt from the first valid packet of the peer's address, and kept", () => {
  const r = rig({ ip: SDP, port: 4000 });
  r.say(90, PEER, 6000, 77);
  r.say(1, PEER, 7000);
  r.say(91, PEER, 7002);
  r.say(92, STRANGER, 7000);
  r.say(1, PEER, 7000);
  // The address of the SDP may always send; what was learnt is left for it.
  r.say(2, SDP, 4000);
  r.say(93, PEER, 7000);
  const heard = r.stop();
  assert.deepEqual(
    [...heard].filter((octet) => octet !== 0xff).toSorted((a, b) => a - b),
    [1, 2],
  );
});

test("C8: a phone that moves without a re-INVITE is refused; with one nothing is lost, from the old port or the new", () => {
  const r = rig(at);
  for (let i = 0; i < 10; i++) r.say(1, SDP, 4000);
  for (let i = 0; i < 10; i++) r.say(90, SDP, 4002);
  r.invite({ remote: { ip: SDP, port: 4002 }, allowed: [PEER, SDP] });
  // What was under way when it moved.
  r.say(2, SDP, 4000);
  r.say(3, SDP, 4002);
  r.say(91, SDP, 4000);
  const heard = r.stop();
  assert.deepEqual(
    [...heard].filter((octet) => octet !== 0xff).toSorted((a, b) => a - b),
    [1, 2, 3],
  );
});

test("C8: a re-INVITE with the same SDP lets the peer's port be learnt anew", () => {
  const r = rig({ ip: SDP, port: 4000 });
  r.say(1, PEER, 7000);
  r.invite({});
  r.say(2, PEER, 7010);
  const heard = r.stop();
  assert.deepEqual(
    [...heard].filter((octet) => octet !== 0xff).toSorted((a, b) => a - b),
    [1, 2],
  );
});

test("C10: STUN, DTLS, ZRTP, RTCP, garbage and empty datagrams on the RTP port cost nothing of the stream", () => {
  const r = rig(at);
  const random = randomOf(9);
  const report = new Uint8Array(200);
  const size = writeReport(
    report,
    0,
    5,
    { wallMicros: 1_795_000_000_000_000, timestamp: 0, packets: 1, octets: 1 },
    undefined,
  );
  const kinds = [0x00, 0x01, 0x10, 0x16, 0x40, 0xc0, 0xff];
  for (let i = 0; i < 300; i++) {
    r.say(1, SDP, 4000);
    const length = i % 7 === 0 ? 0 : Math.floor(random() * 600);
    const noise = Uint8Array.from({ length }, () => Math.floor(random() * 256));
    if (length > 0) noise[0] = kinds[i % kinds.length] ?? 0;
    r.take(noise, SDP, 4000);
    r.take(Uint8Array.of(0x80), SDP, 4000);
    // Padding, CSRCs and an extension that are longer than the packet.
    r.take(Uint8Array.of(0xbf, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 255), SDP, 4000);
    r.take(report.subarray(0, i % size), SDP, 4000);
    r.take(Uint8Array.of(0x80, 200, 0xff, 0xff, 0, 0, 0, 5), SDP, 4000);
  }
  const heard = r.stop();
  assert.deepEqual(
    [...heard].filter((octet) => octet !== 0xff),
    [1],
  );
  assert.deepEqual([r.stats()?.packets, r.stats()?.lost], [300, 0]);
});

test("RFC 4568 7.1.4: other keys are an event at the place where they were agreed; the same ones are none", () => {
  const keys = (seed: number): LaneSpec["srtp"] => ({
    suite: "AES_CM_128_HMAC_SHA1_80",
    keys: [{ keySalt: new Uint8Array(30).fill(seed), mki: new Uint8Array(0) }],
  });
  const r = rig(at);
  for (let n = 0; n < 50; n++) r.say(1, SDP, 4000);
  r.invite({ srtp: keys(1) });
  r.invite({ srtp: keys(1) });
  r.stop();
  const changes = r.events.filter(({ event }) => event === "key-change");
  assert.deepEqual(
    changes.map(({ atMs, channel }) => [atMs, channel]),
    [[1020, 0]],
    "the first packet holds what was said in the 20 ms before it came",
  );
});
