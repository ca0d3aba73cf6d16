import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { ulawToLinear } from "@sidetone/rtp";
import { RtpSource, Src, callMetadata, runRecorder } from "../testing-src.ts";
import { BLOCK_HEAD_BYTES } from "./heard-line.ts";

/** What a listener has heard so far. */
class Listener {
  readonly sides: [number[], number[]] = [[], []];
  readonly behindMs: number[] = [];
  ended = false;
  #rest = Buffer.alloc(0);

  async follow(response: Response): Promise<void> {
    for await (const part of response.body ?? []) this.#take(Buffer.from(part as Uint8Array));
    this.ended = true;
  }

  #take(part: Buffer): void {
    let data = Buffer.concat([this.#rest, part]);
    while (data.length >= BLOCK_HEAD_BYTES) {
      const frames = data.readUInt16LE(0);
      const size = BLOCK_HEAD_BYTES + frames * 4;
      if (data.length < size) break;
      this.behindMs.push(data.readUInt16LE(2));
      for (let i = 0; i < 2 * frames; i += 1)
        this.sides[i % 2 === 0 ? 0 : 1].push(data.readInt16LE(BLOCK_HEAD_BYTES + 2 * i));
      data = data.subarray(size);
    }
    this.#rest = Buffer.from(data);
  }
}

/** A packet of which every sample is the frame's number. */
function numbered(source: RtpSource, n: number, sequence: number): Buffer {
  return source.packet(n, 0, sequence).fill(n, 12);
}

const numberOf = new Map(Array.from({ length: 120 }, (_, octet) => [ulawToLinear[octet] ?? 0, octet]));

/** The numbers of the frames of 20 ms that a side heard whole, in order. */
function numbers(side: readonly number[]): number[] {
  const found: number[] = [];
  let run = 0;
  for (const [i, sample] of side.entries()) {
    run = i > 0 && sample === side[i - 1] ? run + 1 : 1;
    const n = numberOf.get(sample);
    if (run % 160 === 0 && n !== undefined) found.push(n);
  }
  return found;
}

test("what is heard live is what was said, both sides, in order, within 1.5 s, for each who listens; it ends with the recording", {
  timeout: 60_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros();
  const left = await RtpSource.open(1, startMicros);
  const right = await RtpSource.open(2, startMicros);
  try {
    const live = (id: string): Promise<Response> => fetch(`${r.url}/api/v1/recordings/${id}/live`);
    assert.equal((await live("call-1")).status, 404);
    const metadata = callMetadata({ id: "call-1", startMicros });
    const { session, ports } = await src.invite(
      r.sip,
      "record=call-1@;calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001;dn=7001;copy=1;epoch=1",
      src.body({ ports: [left.port, right.port], metadata }),
    );
    const [to1 = 0, to2 = 0] = ports;
    left.report(to1);
    right.report(to2);
    const listeners = [new Listener(), new Listener()];
    const follows: Promise<void>[] = [];
    const begun = systemClock.now();
    for (let n = 0; n < 100; n += 1) {
      left.send(to1, numbered(left, n, 65_500 + n));
      right.send(to2, numbered(right, n, 7 + n));
      if (n === 20)
        for (const listener of listeners) {
          const response = await live("call-1");
          assert.equal(response.status, 200);
          follows.push(listener.follow(response));
        }
      await delay(systemClock, Math.max(0, begun + (n + 1) * 20 - systemClock.now()));
    }
    const after = systemClock.now();
    while (listeners.some(({ sides }) => sides[0].length < 60 * 160)) await delay(systemClock, 20);
    assert.ok(systemClock.now() - after < 1500, "latency");
    await session.bye();
    await Promise.all(follows);
    for (const { sides, behindMs, ended } of listeners) {
      assert.ok(ended);
      for (const side of sides) {
        const heard = numbers(side);
        assert.ok(heard.length >= 60, `${heard.length} frames`);
        const first = heard[0] ?? 0;
        assert.deepEqual(
          heard,
          heard.map((_, i) => first + i),
          "in order, none twice, none missing",
        );
      }
      assert.ok(behindMs.length > 0 && Math.max(...behindMs) < 1500, `${Math.max(...behindMs)} ms behind`);
    }
    assert.equal((await live("call-1")).status, 404, "it is over");
  } finally {
    for (const s of [left, right]) s.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
