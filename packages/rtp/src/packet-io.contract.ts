import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { createPacketIO } from "./create.ts";
import { CONNECTED, type PacketIO, type PacketIOKind } from "./packet-io.ts";

const HOST = "127.0.0.1";

interface Received {
  readonly socket: number;
  readonly bytes: Buffer;
  readonly port: number;
  readonly ip: number;
  readonly arrival: number;
}

/** Collects what a PacketIO reads. */
function collect(io: PacketIO): Received[] {
  const all: Received[] = [];
  io.onBatch = (b) => {
    for (let i = 0; i < b.count; i++) {
      const offset = b.offset[i] ?? 0;
      all.push({
        socket: b.socket[i] ?? -1,
        bytes: Buffer.from(b.data.subarray(offset, offset + (b.length[i] ?? 0))),
        port: b.sourcePort[i] ?? 0,
        ip: b.sourceIp[i] ?? 0,
        arrival: b.arrivalMicros[i] ?? 0,
      });
    }
  };
  return all;
}

/** Turns the event loop until `done`; fails after `ms`. */
async function until(done: () => boolean, what: string, ms = 5000): Promise<void> {
  const end = systemClock.now() + ms;
  while (!done()) {
    assert.ok(systemClock.now() < end, `timed out: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function numbered(stream: number, n: number, size = 172): Buffer {
  const bytes = Buffer.alloc(size, 0xd5);
  bytes.writeUInt32BE(stream, 0);
  bytes.writeUInt32BE(n, 4);
  return bytes;
}

/** The suite that every PacketIO passes. */
export function packetIoContract(kind: PacketIOKind, pollMs = 20): void {
  const make = (t: TestContext): PacketIO => {
    const io = createPacketIO({ kind, log: silentLogger, pollMs });
    t.after(() => io.shutdown());
    return io;
  };

  void describe(`PacketIO ${kind}`, () => {
    for (const mode of ["event", "poll", "quiet"] as const) {
      void test(`100 streams, ${mode} mode: nothing lost, order kept per stream, source and arrival told`, async (t) => {
        const io = make(t);
        const got = collect(io);
        const started = systemClock.wallMicros();
        const sender = io.open({ address: HOST, port: 0 });
        const sockets = Array.from({ length: 100 }, () => io.open({ address: HOST, port: 0, mode }));
        const dests = sockets.map((s) => io.dest(HOST, io.localPort(s)));
        io.run();
        for (let n = 0; n < 50; n++) {
          dests.forEach((d, stream) => io.queue(sender, d, numbered(stream, n), 0, 172));
          io.flush();
          if (n % 10 === 9) await until(() => got.length === (n + 1) * 100, `${got.length} of ${(n + 1) * 100}`);
        }
        const next = new Int32Array(100);
        const socketOf = new Map(sockets.map((s, i) => [s, i]));
        for (const p of got) {
          const stream = p.bytes.readUInt32BE(0);
          assert.equal(socketOf.get(p.socket), stream);
          assert.equal(p.bytes.readUInt32BE(4), next[stream]);
          next[stream] = (next[stream] ?? 0) + 1;
          assert.equal(p.port, io.localPort(sender));
          assert.equal(p.ip, 0x7f000001);
          assert.equal(p.bytes.length, 172);
          assert.ok(p.arrival > started - 50_000 && p.arrival <= systemClock.wallMicros(), "arrival is on our clock");
        }
        assert.ok(next.every((n) => n === 50));
        assert.equal(io.stats().sent, 5000);
        assert.equal(io.stats().dropped, 0);
        io.shutdown();
      });
    }

    void test("what is queued inside onBatch leaves after it, from the bytes at that moment", async (t) => {
      const io = make(t);
      const a = io.open({ address: HOST, port: 0 });
      const b = io.open({ address: HOST, port: 0 });
      const toA = io.dest(HOST, io.localPort(a));
      const toB = io.dest(HOST, io.localPort(b));
      const seen: string[] = [];
      io.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          const offset = batch.offset[i] ?? 0;
          seen.push(`${batch.socket[i]}:${batch.data[offset]}:${batch.length[i]}`);
          if (batch.socket[i] !== a) continue;
          batch.data[offset] = 1;
          io.queue(a, toB, batch.data, offset, batch.length[i] ?? 0);
          batch.data[offset] = 2;
          io.queue(a, toB, batch.data, offset, 3);
        }
      };
      io.run();
      io.queue(b, toA, Uint8Array.of(9, 9, 9, 9), 0, 4);
      io.flush();
      await until(() => seen.length === 3, "echo");
      assert.deepEqual(seen, [`${a}:9:4`, `${b}:1:4`, `${b}:2:3`]);
      io.shutdown();
    });

    void test("a connected socket hears only its peer, sends to CONNECTED, and hears all again when unconnected", async (t) => {
      const io = make(t);
      const got = collect(io);
      const [a, b, stranger] = [0, 0, 0].map(() => io.open({ address: HOST, port: 0 }));
      assert.ok(a !== undefined && b !== undefined && stranger !== undefined);
      const toA = io.dest(HOST, io.localPort(a));
      io.connect(a, io.dest(HOST, io.localPort(b)));
      io.run();
      io.queue(stranger, toA, numbered(1, 0), 0, 12);
      io.queue(b, toA, numbered(2, 0), 0, 12);
      io.queue(a, CONNECTED, numbered(3, 0), 0, 12);
      io.flush();
      await until(() => got.length >= 2, "connected");
      assert.deepEqual(
        got.map((p) => p.bytes.readUInt32BE(0)).sort((x, y) => x - y),
        [2, 3],
      );
      io.connect(a, undefined);
      io.queue(a, CONNECTED, numbered(4, 0), 0, 12);
      io.queue(stranger, toA, numbered(5, 0), 0, 12);
      io.flush();
      await until(() => got.length >= 3, "unconnected");
      assert.equal(got[2]?.bytes.readUInt32BE(0), 5);
      assert.equal(io.stats().dropped, 1, "CONNECTED means nothing to an unconnected socket");
      io.shutdown();
    });

    void test("RFC 1122 4.1.3.3: a peer that is gone (ECONNREFUSED) neither stops the socket nor swallows the next datagram", async (t) => {
      const io = make(t);
      const got = collect(io);
      const a = io.open({ address: HOST, port: 0 });
      const gone = io.open({ address: HOST, port: 0 });
      const port = io.localPort(gone);
      io.connect(a, io.dest(HOST, port));
      io.close(gone);
      io.run();
      for (let n = 0; n < 5; n++) {
        io.queue(a, CONNECTED, numbered(0, n), 0, 12);
        io.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const back = io.open({ address: HOST, port });
      io.queue(a, CONNECTED, numbered(0, 99), 0, 12);
      io.flush();
      await until(() => got.some((p) => p.socket === back), "after the refusal");
      assert.equal(got.at(-1)?.bytes.readUInt32BE(4), 99);
      io.shutdown();
    });

    void test("sockets close and open during traffic; freed ids and destinations are used again", async (t) => {
      const io = make(t);
      const got = collect(io);
      const sender = io.open({ address: HOST, port: 0 });
      io.run();
      const ids = new Set<number>();
      for (let round = 0; round < 60; round++) {
        const s = io.open({ address: HOST, port: 0 });
        ids.add(s);
        const d = io.dest(HOST, io.localPort(s));
        for (let n = 0; n < 5; n++) io.queue(sender, d, numbered(round, n), 0, 20);
        io.flush();
        if (round % 2 === 0) io.close(s);
        io.freeDest(d);
        io.freeDest(d);
        if (round % 2 === 1) {
          await until(() => got.filter((p) => p.bytes.readUInt32BE(0) === round).length === 5, `round ${round}`);
          io.close(s);
          io.close(s);
        }
      }
      assert.ok(ids.size <= 3, `${ids.size} ids`);
      assert.equal(io.stats().openSockets, 1);
      io.shutdown();
    });

    void test("what is not a datagram of ours is counted: too long, empty, to nowhere, from a closed socket", async (t) => {
      const io = make(t);
      const got = collect(io);
      const a = io.open({ address: HOST, port: 0 });
      const b = io.open({ address: HOST, port: 0 });
      const toB = io.dest(HOST, io.localPort(b));
      const { createSocket } = await import("node:dgram");
      const big = createSocket("udp4");
      const send = (bytes: Buffer): Promise<void> =>
        new Promise((resolve) => big.send(bytes, io.localPort(b), HOST, () => resolve()));
      io.run();
      await send(Buffer.alloc(100, 1));
      await send(Buffer.alloc(3000, 1));
      await send(Buffer.alloc(0));
      await send(Buffer.alloc(2048, 2));
      await until(() => got.length === 3, "three datagrams");
      assert.deepEqual(
        got.map((p) => p.bytes.length),
        [100, 0, 2048],
      );
      assert.ok(got[2]?.bytes.every((o) => o === 2));
      assert.equal(io.stats().truncated, 1);
      big.close();
      io.queue(a, 12_345, numbered(0, 0), 0, 12);
      io.close(a);
      io.queue(a, toB, numbered(0, 0), 0, 12);
      io.flush();
      assert.equal(io.stats().dropped, 2);
      io.shutdown();
    });

    void test("a port that is taken and an address that is none are typed errors", (t) => {
      const io = make(t);
      const a = io.open({ address: HOST, port: 0 });
      assert.throws(() => io.open({ address: HOST, port: io.localPort(a) }), { code: "port-in-use" });
      assert.throws(() => io.open({ address: "localhost", port: 0 }), { code: "bad-address" });
      assert.throws(() => io.open({ address: "192.0.2.1", port: 0 }), { code: "bad-address" });
      assert.throws(() => io.dest("::1", 5), { code: "bad-address" });
      assert.throws(() => io.dest(HOST, 0), { code: "bad-address" });
      assert.equal(io.stats().openSockets, 1);
      io.shutdown();
    });

    void test("a datagram that does not lie in its array is a programmer's mistake, and reaches neither the kernel nor its memory", (t) => {
      const io = make(t);
      const a = io.open({ address: HOST, port: 0 });
      const d = io.dest(HOST, io.localPort(a));
      const data = new Uint8Array(3000);
      for (const [offset, length] of [
        [-1, 10],
        [2995, 10],
        [0, 2049],
        [0, -1],
        [Number.NaN, 1],
      ] as const) {
        assert.throws(() => io.queue(a, d, data, offset, length), RangeError);
      }
      io.flush();
      assert.equal(io.stats().sent, 0);
      io.shutdown();
    });

    void test("the receive buffer is set, and holds what comes while nobody reads", async (t) => {
      const io = make(t);
      const got = collect(io);
      const a = io.open({ address: HOST, port: 0, receiveBuffer: 150_000 });
      const small = io.open({ address: HOST, port: 0, receiveBuffer: 8192 });
      assert.ok(io.receiveBuffer(a) >= 150_000, `${io.receiveBuffer(a)}`);
      assert.ok(io.receiveBuffer(small) < io.receiveBuffer(a));
      const d = io.dest(HOST, io.localPort(a));
      io.run();
      for (let n = 0; n < 100; n++) io.queue(small, d, numbered(0, n), 0, 172);
      io.flush();
      const end = systemClock.now() + 30;
      while (systemClock.now() < end);
      await until(() => got.length === 100, "buffered");
      io.shutdown();
    });

    void test("a wake-up reaches onWake; an exception of a listener costs one batch", async (t) => {
      const io = make(t);
      let woken = 0;
      let batches = 0;
      io.onWake = () => {
        woken++;
      };
      io.onBatch = () => {
        batches++;
        throw new Error("listener");
      };
      const a = io.open({ address: HOST, port: 0 });
      const d = io.dest(HOST, io.localPort(a));
      io.run();
      io.wake();
      await until(() => woken === 1, "wake");
      for (let n = 1; n <= 2; n++) {
        io.queue(a, d, numbered(0, 0), 0, 12);
        io.flush();
        await until(() => batches === n, "batch");
      }
      io.shutdown();
    });

    void test("shutdown takes less than 200 ms with 200 sockets under traffic, twice does nothing, and frees the ports", async (t) => {
      const io = make(t);
      let received = 0;
      const sockets = Array.from({ length: 200 }, () => io.open({ address: HOST, port: 0 }));
      const dests = sockets.map((s) => io.dest(HOST, io.localPort(s)));
      const port = io.localPort(sockets[0] ?? 0);
      io.onBatch = (b) => {
        received += b.count;
        if (received > 100_000) return;
        // Keeps itself busy: every packet makes another one.
        for (let i = 0; i < b.count; i++) {
          const s = b.socket[i] ?? 0;
          io.queue(s, dests[s % dests.length] ?? 0, b.data, b.offset[i] ?? 0, b.length[i] ?? 0);
        }
      };
      io.run();
      sockets.forEach((s, i) => io.queue(s, dests[i] ?? 0, numbered(0, 0), 0, 172));
      io.flush();
      await until(() => received > 1000, "traffic");
      const begin = systemClock.now();
      io.shutdown();
      io.shutdown();
      assert.ok(systemClock.now() - begin < 200);
      assert.equal(io.closed, true);
      assert.throws(() => io.open({ address: HOST, port: 0 }), { code: "packet-io-closed" });
      await new Promise((resolve) => setImmediate(resolve));
      const again = make(t);
      again.open({ address: HOST, port });
      again.shutdown();
    });
  });
}
