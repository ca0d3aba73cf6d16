import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { delay, type LogFields, type Logger, silentLogger, systemClock } from "@sidetone/foundation";
import { createPacketIO, linearToUlaw, parseRtcp, ulawToAlaw, ulawToLinear, writeTelephoneEvent } from "@sidetone/rtp";
import { readWav } from "../prompts/wav.ts";
import type { OpenAudioFile } from "./audio-types.ts";
import { type ReceivedRtp, readRtp, rtpBytes, rtpConfig } from "./core.fixture.ts";
import { startMediaEngine } from "./engine-proxy.ts";
import type { LegSettings, MediaEngine } from "./types.ts";
import { openWavFile } from "./wav-file.ts";

const HOST = "127.0.0.1";

/** Two phones, a stranger and a recorder on real sockets. */
class Net {
  readonly io = createPacketIO({ kind: "dgram", log: silentLogger });
  readonly ends = ["a", "b", "stranger", "recorder", "recorderRtcp"].map(() =>
    this.io.open({ address: HOST, port: 0 }),
  );
  readonly #got = new Map<number, Uint8Array[]>();

  constructor(t: TestContext) {
    t.after(() => this.io.shutdown());
    this.io.onBatch = (b) => {
      const list = this.#got.get(b.socket[0] ?? -1) ?? [];
      list.push(b.data.slice(0, b.length[0]));
      this.#got.set(b.socket[0] ?? -1, list);
    };
    this.io.run();
  }

  end(name: "a" | "b" | "stranger" | "recorder" | "recorderRtcp"): number {
    return this.ends[["a", "b", "stranger", "recorder", "recorderRtcp"].indexOf(name)] ?? 0;
  }

  port(name: Parameters<Net["end"]>[0]): number {
    return this.io.localPort(this.end(name));
  }

  send(from: Parameters<Net["end"]>[0], toPort: number, bytes: Uint8Array): void {
    const dest = this.io.dest(HOST, toPort);
    this.io.queue(this.end(from), dest, bytes, 0, bytes.length);
    this.io.freeDest(dest);
  }

  raw(name: Parameters<Net["end"]>[0]): Uint8Array[] {
    return this.#got.get(this.end(name)) ?? [];
  }

  rtp(name: Parameters<Net["end"]>[0]): ReceivedRtp[] {
    return this.raw(name)
      .filter((bytes) => (bytes[1] ?? 0) < 192 || (bytes[1] ?? 0) > 223)
      .map(readRtp);
  }
}

async function until(done: () => boolean, what: string): Promise<void> {
  const end = systemClock.now() + 3000;
  while (!done()) {
    assert.ok(systemClock.now() < end, `timed out: ${what}`);
    await delay(systemClock, 2);
  }
}

function leg(port: number, o: Partial<LegSettings> = {}): LegSettings {
  return {
    remote: { host: HOST, port },
    codec: "PCMU",
    payloadType: 0,
    dtmfPayloadType: 101,
    sendToPhone: true,
    receiveFromPhone: true,
    ...o,
  };
}

for (const packetIo of process.platform === "linux" ? (["dgram", "batched"] as const) : (["dgram"] as const)) {
  const start = async (
    t: TestContext,
    log: Logger = silentLogger,
    openAudioFile?: OpenAudioFile,
  ): Promise<MediaEngine> => {
    const min = 12_000 + 400 * (process.pid % 20) + (packetIo === "dgram" ? 0 : 200);
    const rtp = rtpConfig(min, min + 199, packetIo);
    const files = openAudioFile === undefined ? {} : { openAudioFile };
    const engine = await startMediaEngine({ rtp, log, clock: systemClock, ...files });
    t.after(() => engine.close());
    return engine;
  };

  void describe(`media engine over ${packetIo}`, () => {
    void test("two phones hear each other through codec conversion; a stranger is not heard", async (t) => {
      const engine = await start(t);
      const net = new Net(t);
      const a = await engine.openLeg();
      const b = await engine.openLeg();
      const firsts: number[] = [];
      engine.on("first-packet", (id) => firsts.push(id));
      await engine.configureLeg(a.leg, leg(net.port("a")));
      await engine.configureLeg(b.leg, leg(net.port("b"), { codec: "PCMA", payloadType: 8 }));
      await engine.connect(a.leg, b.leg);
      for (let n = 0; n < 20; n++) {
        net.send("a", a.rtpPort, rtpBytes({ sequence: n, timestamp: n * 160, fill: n }));
        net.send("b", b.rtpPort, rtpBytes({ sequence: n, timestamp: n * 160, fill: n, payloadType: 8 }));
        net.send("stranger", a.rtpPort, rtpBytes({ sequence: n, timestamp: n * 160, fill: 66 }));
        await delay(systemClock, 2);
      }
      await until(() => net.raw("a").length >= 20 && net.raw("b").length >= 20, "relay");
      const heard = net.rtp("b");
      assert.deepEqual(
        heard.map((p) => p.payload[0]),
        Array.from({ length: 20 }, (_, n) => ulawToAlaw[n]),
      );
      assert.ok(heard.every((p) => p.payloadType === 8));
      assert.deepEqual(
        net.rtp("a").map((p) => p.payloadType),
        Array.from({ length: 20 }, () => 0),
      );
      const stats = await engine.stats();
      assert.equal(stats.packetIo, packetIo);
      assert.equal(stats.strangers, 20);
      assert.deepEqual(
        firsts.sort((x, y) => x - y),
        [a.leg, b.leg],
      );
      assert.equal((await engine.closeLeg(a.leg)).received, 20);
    });

    void test("a conference of three is mixed on the engine's own clock; a prompt on shared memory is played and its end told", async (t) => {
      const engine = await start(t);
      const net = new Net(t);
      const legs = [await engine.openLeg(), await engine.openLeg(), await engine.openLeg()];
      const ends = ["a", "b", "stranger"] as const;
      for (const [index, end] of ends.entries()) await engine.configureLeg(legs[index]?.leg ?? 0, leg(net.port(end)));
      await engine.setConference(
        "c",
        legs.map((one) => one.leg),
      );
      const begin = systemClock.now();
      for (let n = 0; n < 25; n++) {
        net.send("a", legs[0]?.rtpPort ?? 0, rtpBytes({ sequence: n, timestamp: n * 160, fill: 0x20 }));
        await delay(systemClock, Math.max(0, begin + (n + 1) * 20 - systemClock.now()));
      }
      await until(() => net.rtp("b").length >= 20 && net.rtp("stranger").length >= 20, "frames");
      const loud = net.rtp("b").filter(({ payload }) => payload[80] === 0x20);
      assert.ok(loud.length >= 12, `${loud.length} of ${net.rtp("b").length} frames have what a said`);
      assert.ok(net.rtp("a").every(({ payload }) => payload.every((octet) => octet === 0xff)));
      const told: number[] = [];
      engine.on("played", (play) => told.push(play));
      const samples = new Int16Array(new SharedArrayBuffer(3200)).fill(9000);
      const once = { iterations: 1, intervalMs: 0, capture: false } as const;
      const play = await engine.play(legs[0]?.leg ?? 0, { audio: [samples], ...once });
      await until(() => told.includes(play), "the end of the prompt");
      const heard = net.rtp("a");
      assert.equal(heard.filter(({ payload }) => payload[80] !== 0xff).length, 10);
      heard.forEach((p, i) => assert.equal(p.sequence, ((heard[0]?.sequence ?? 0) + i) & 0xffff));
      assert.equal(await engine.stopPlay(play), undefined);
      assert.equal((await engine.stats()).conferences, 1);
    });

    void test("operators, detection and a local file across the threads: packets keep their numbers, a key is told, the file is whole", async (t) => {
      const path = await mkdtemp(join(tmpdir(), "sidetone-engine-"));
      t.after(() => rm(path, { recursive: true }));
      const engine = await start(t, silentLogger, openWavFile);
      const net = new Net(t);
      const [a, b] = [await engine.openLeg(), await engine.openLeg()];
      await engine.configureLeg(a.leg, leg(net.port("a")));
      await engine.configureLeg(b.leg, leg(net.port("b")));
      await engine.setConference("c", [a.leg, b.leg]);
      await engine.setStream(a.leg, "c", { gainDb: -6 });
      await engine.setDetection(a.leg, { dtmf: "events" });
      const keys: unknown[] = [];
      engine.on("dtmf", (...args) => keys.push(args));
      const ended: unknown[] = [];
      engine.on("recorded", (...args) => ended.push(args));
      const file = join(path, "x.wav");
      const common = { source: a.leg, format: "PCM" } as const;
      const limited = await engine.startFileRecording({ ...common, file: join(path, "y.wav"), maxTimeMs: 200 });
      const recording = await engine.startFileRecording({ ...common, file });
      await assert.rejects(engine.startFileRecording({ ...common, file: join(path, "no", "x") }), {
        code: "bad-audio-file",
      });
      const begin = systemClock.now();
      for (let n = 0; n < 30; n++) {
        const key = n >= 20 && n < 23;
        const timestamp = (key ? 20 : n) * 160;
        const bytes = rtpBytes({ sequence: n, timestamp, fill: 0x20, ...(key ? { payloadType: 101, size: 4 } : {}) });
        if (key) writeTelephoneEvent(bytes, 12, { event: 7, end: n === 22, volume: 10, duration: 480 });
        net.send("a", a.rtpPort, bytes);
        await delay(systemClock, Math.max(0, begin + (n + 1) * 20 - systemClock.now()));
      }
      await until(() => net.rtp("b").length >= 30 && keys.length === 2 && ended.length === 1, "what was said");
      assert.deepEqual(keys, [
        [a.leg, "7", "start", 0],
        [a.leg, "7", "end", 60],
      ]);
      const heard = net.rtp("b");
      heard.forEach((p, i) => assert.equal(p.sequence, ((heard[0]?.sequence ?? 0) + i) & 0xffff));
      const half = Math.round((ulawToLinear[0x20] ?? 0) * 10 ** (-6 / 20));
      assert.ok(heard.every((p) => p.payload.length === 4 || p.payload[80] === linearToUlaw[half & 0xffff]));
      assert.deepEqual(ended, [[limited, "time", { durationMs: 200, octets: 3200 }]]);
      const result = await engine.stopFileRecording(recording);
      const read = readWav(await readFile(file));
      assert.ok(result !== undefined && read.ok && read.value.length * 2 === result.octets);
      assert.ok(result.durationMs > 400, `${result.durationMs} ms`);
      assert.ok(read.value.filter((sample) => sample === ulawToLinear[0x20]).length > 12 * 160);
    });

    void test("a tap: history, live, pause and resume; a report before the packets; good-bye at the end", async (t) => {
      const engine = await start(t);
      const net = new Net(t);
      const a = await engine.openLeg();
      const begin = systemClock.now();
      // On the grid of real time: a phone's clock does not wait for ours.
      const say = async (from: number, count: number): Promise<void> => {
        for (let n = from; n < from + count; n++) {
          await delay(systemClock, Math.max(0, begin + n * 20 - systemClock.now()));
          net.send("a", a.rtpPort, rtpBytes({ sequence: n, timestamp: n * 160, fill: n }));
        }
      };
      await say(0, 5);
      await engine.configureLeg(a.leg, leg(net.port("a")));
      await say(5, 5);
      const opened = await engine.openTap({
        legs: [a.leg],
        codec: undefined,
        payloadType: 0,
        backfillSinceMs: 2000,
        paused: false,
      });
      const to = {
        host: HOST,
        port: net.port("recorder"),
        rtcpPort: net.port("recorderRtcp"),
        payloadType: 0,
        codec: undefined,
      };
      await engine.setTapDestination(opened.tap, to);
      await say(10, 5);
      await until(() => net.raw("recorder").length === 15, "history and live");
      await engine.pauseTap(opened.tap);
      await say(15, 5);
      await engine.resumeTap(opened.tap);
      await say(25, 5);
      await until(() => net.raw("recorder").length >= 20, "after the pause");
      const closed = await engine.closeTap(opened.tap);
      assert.equal(closed.sent, net.raw("recorder").length);
      const got = net.rtp("recorder");
      assert.ok(got.every((p) => p.ssrc === opened.ssrc));
      assert.deepEqual(
        got.map((p) => p.payload[0]),
        [...Array(15).keys(), 25, 26, 27, 28, 29],
      );
      got.forEach((p, i) => assert.equal(p.sequence, ((got[0]?.sequence ?? 0) + i) & 0xffff));
      const first = got[0]?.timestamp ?? 0;
      assert.equal(((got[19]?.timestamp ?? 0) - first) >>> 0, 29 * 160);
      await until(() => net.raw("recorderRtcp").length >= 2, "reports");
      const reports = net.raw("recorderRtcp").map((b) => parseRtcp(b, 0, b.length));
      assert.equal(reports[0]?.[0]?.kind, "sender-report");
      assert.equal(reports.at(-1)?.at(-1)?.kind, "bye");
    });

    void test("errors keep their codes across the thread; close is idempotent and quick, and frees the ports", async (t) => {
      const lines: LogFields[] = [];
      const log: Logger = { ...silentLogger, error: (fields) => lines.push(fields) };
      const engine = await start(t, log);
      await assert.rejects(engine.configureLeg(7, leg(9)), { code: "unknown-leg" });
      const { rtpPort } = await engine.openLeg();
      const begin = systemClock.now();
      await Promise.all([engine.close(), engine.close()]);
      assert.ok(systemClock.now() - begin < 500, `${systemClock.now() - begin} ms`);
      assert.equal(engine.closed, true);
      await assert.rejects(engine.openLeg(), { code: "media-engine-closed" });
      const io = createPacketIO({ kind: "dgram", log: silentLogger });
      io.open({ address: HOST, port: rtpPort });
      io.shutdown();
      assert.deepEqual(lines, []);
    });
  });
}
