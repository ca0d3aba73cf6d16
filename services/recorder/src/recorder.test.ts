import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, callMetadata, runRecorder, untilState } from "./testing-src.ts";

const HEADER = 58;

async function audio(url: string, id: string): Promise<Buffer> {
  const response = await fetch(`${url}/api/v1/recordings/${encodeURIComponent(id)}/audio`);
  assert.equal(response.headers.get("content-type"), "audio/wav");
  return Buffer.from(await response.arrayBuffer());
}

function channel(wav: Buffer, side: number): Buffer {
  return Buffer.from(wav.subarray(HEADER).filter((_, i) => i % 2 === side));
}

test("C1-C3: RTP with loss, reordering and duplicates lands by sample; strangers do not", {
  timeout: 30_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros() - 5000;
  const left = await RtpSource.open(1, startMicros);
  const right = await RtpSource.open(2, startMicros + 7000, 8);
  const stranger = await RtpSource.open(1, startMicros, 0, "127.0.0.66");
  try {
    const metadata = callMetadata({ id: "call-1", startMicros, userParams: [["order", "4711"]] });
    const { session, response, ports, sdp } = await src.invite(
      r.sip,
      "record=call-1@;calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001;dn=7001;copy=1;epoch=1;ani=%2B15550100",
      src.body({ ports: [left.port, right.port], metadata }),
    );
    assert.equal(response.status, 200);
    assert.match(response.headers.get("Contact") ?? "", /\+sip\.srs/);
    assert.equal(sdp.match(/a=recvonly/g)?.length, 2);
    assert.match(sdp, /a=label:1[^]*a=label:2/);
    assert.equal(sdp.match(/m=audio \d+ RTP\/AVP 0 8 101/g)?.length, 2);
    const [to1 = 0, to2 = 0] = ports;
    left.report(to1);
    right.report(to2);
    const lost = new Set([20, 21, 50]);
    const begun = systemClock.now();
    // 2 s: every 10th packet swaps with the next, every 7th comes twice, three never come. STUN and noise in between.
    for (let n = 0; n < 100; n++) {
      const m = n % 10 === 3 ? n + 1 : n % 10 === 4 ? n - 1 : n;
      if (!lost.has(m)) left.send(to1, left.packet(m, 0, 65_500 + m));
      if (n % 7 === 0 && !lost.has(m)) left.send(to1, left.packet(m, 0, 65_500 + m));
      right.send(to2, right.packet(n, 31, 7 + n));
      stranger.send(to1, stranger.packet(n, 99, 65_500 + n));
      if (n === 30) left.socket.send(Buffer.from("000100002112a442000000000000000000000000", "hex"), to1, "127.0.0.1");
      if (n === 31) left.socket.send(Buffer.from("noise"), to1, "127.0.0.1");
      await delay(systemClock, Math.max(0, begun + (n + 1) * 20 - systemClock.now()));
      if (n === 80) {
        const live = await audio(r.url, "call-1");
        assert.equal(live.readUInt32LE(4), live.length - 8, "sizes are valid while it is recorded");
        assert.ok(live.length > HEADER + 16_000 * 0.6);
      }
    }
    await session.bye();
    const document = await untilState(r.url, "call-1", "complete");
    const wav = await audio(r.url, "call-1");
    assert.equal(wav.readUInt16LE(20), 7);
    const l = channel(wav, 0);
    const rr = channel(wav, 1);
    assert.ok(Math.abs(l.length - 16_000) <= 800, `${l.length} frames for 2 s`);
    for (let n = 0; n < 100; n++) {
      const expected = lost.has(n) ? Buffer.alloc(160, 0xff) : RtpSource.payload(n, 0);
      assert.ok(l.subarray(n * 160, n * 160 + 160).equals(expected), `left frame ${n}`);
    }
    // The right side starts 7 ms = 56 samples later, and comes as A-law: silence before, converted after.
    assert.ok(rr.subarray(0, 56).every((b) => b === 0xff));
    assert.ok(rr.subarray(56, 56 + 15_900).some((b) => b !== 0xff));
    const frames = new Set<string>();
    for (let n = 0; n < 99; n++) frames.add(rr.subarray(56 + n * 160, 56 + n * 160 + 160).toString("hex"));
    assert.ok(frames.size > 1);
    const channels = document["channels"] as { lostPackets: number; lostMs: number }[];
    assert.deepEqual([channels[0]?.lostPackets, channels[0]?.lostMs, channels[1]?.lostPackets], [3, 60, 0]);
    assert.equal(document["fileName"], "file-call-1");
    assert.equal(document["connId"], "0110031f8ab2c001");
    assert.equal((document["integrity"] as { verdict: string }).verdict, "intact");
    assert.equal((document["parameters"] as Record<string, string>)["order"], "4711");
    for (const query of [
      "dn=7001",
      "ani=%2B15550100",
      "agent=1001",
      "conn-id=0110031F8AB2C001",
      "call-uuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001",
      "q=4711",
      "state=complete",
      "id=call-1",
    ]) {
      const found = (await (await fetch(`${r.url}/api/v1/recordings?${query}`)).json()) as {
        recordings: { id: string }[];
      };
      assert.deepEqual(
        found.recordings.map((f) => f.id),
        ["call-1"],
        query,
      );
    }
  } finally {
    for (const s of [left, right, stranger]) s.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});

test("API: ranges, HEAD, bad parameters, paging, unknown ids", { timeout: 30_000 }, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  try {
    for (const id of ["a", "b", "c"]) {
      const { session, ports } = await src.invite(
        r.sip,
        `record=${id}@`,
        src.body({ ports: [left.port, left.port + 2] }),
      );
      for (let n = 0; n < 10; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
      await delay(systemClock, 100);
      await session.bye();
      const document = await untilState(r.url, id, "complete");
      assert.ok((document["warnings"] as { code: string }[]).some((w) => w.code === "no-metadata"));
    }
    const url = `${r.url}/api/v1/recordings/a/audio`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const head = await fetch(url, { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), String(whole.length));
    assert.equal(head.headers.get("content-disposition"), 'attachment; filename="a.wav"');
    const part = await fetch(url, { headers: { range: "bytes=50-69" } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), `bytes 50-69/${whole.length}`);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(50, 70)));
    const suffix = await fetch(url, { headers: { range: "bytes=-5" } });
    assert.ok(Buffer.from(await suffix.arrayBuffer()).equals(whole.subarray(-5)));
    const behind = await fetch(url, { headers: { range: "bytes=99999999-" } });
    assert.equal(behind.status, 416);
    assert.equal(behind.headers.get("content-range"), `bytes */${whole.length}`);
    await behind.arrayBuffer();
    const bad = await fetch(`${r.url}/api/v1/recordings?from=yesterday`);
    assert.equal(bad.status, 400);
    assert.match(((await bad.json()) as { detail: string }).detail, /from/);
    assert.equal((await fetch(`${r.url}/api/v1/recordings?color=red`)).status, 400);
    assert.equal((await fetch(`${r.url}/api/v1/recordings/none`)).status, 404);
    const ids: string[] = [];
    let next: string | undefined = "";
    while (next !== undefined) {
      const page = (await (await fetch(`${r.url}/api/v1/recordings?limit=2&cursor=${next}`)).json()) as {
        recordings: { id: string }[];
        next?: string;
      };
      ids.push(...page.recordings.map((x) => x.id));
      next = page.next;
    }
    assert.deepEqual(ids, ["c", "b", "a"]);
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});

test("R19: what is sent in a pause is never in the file, which keeps its time line", { timeout: 30_000 }, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros();
  const left = await RtpSource.open(1, startMicros);
  const right = await RtpSource.open(2, startMicros);
  try {
    const metadata = callMetadata({ id: "p", startMicros });
    const ports: [number, number] = [left.port, right.port];
    const { session, ports: to } = await src.invite(r.sip, "record=p@;epoch=1", src.body({ ports, metadata }));
    left.report(to[0] ?? 0);
    right.report(to[1] ?? 0);
    let n = 0;
    const talk = async (frames: number): Promise<void> => {
      for (const end = n + frames; n < end; n++) {
        left.send(to[0] ?? 0, left.packet(n, 0, n));
        right.send(to[1] ?? 0, right.packet(n, 5, n));
        await delay(systemClock, Math.max(0, (startMicros + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000));
      }
    };
    await talk(25);
    const paused = await session.reinvite(src.body({ ports, metadata, inactive: true, version: 2 }));
    const pausedMs = (systemClock.wallMicros() - startMicros) / 1000;
    assert.equal(paused.status, 200);
    assert.equal(paused.body.toString().match(/a=inactive/g)?.length, 2);
    const pausedAt = n;
    await talk(25);
    const resumed = await session.update(src.body({ ports, metadata, version: 3 }));
    assert.equal(resumed.status, 200);
    assert.equal(resumed.body.toString().match(/a=recvonly/g)?.length, 2);
    const resumedAt = n;
    await talk(25);
    assert.equal((await session.update({})).status, 200);
    assert.equal((await session.request("INFO", { body: "x", contentType: "text/plain" })).status, 200);
    await session.bye();
    const document = await untilState(r.url, "p", "complete");
    const l = channel(await audio(r.url, "p"), 0);
    const at = (frame: number): Buffer => l.subarray(frame * 160, frame * 160 + 160);
    assert.ok(at(0).equals(RtpSource.payload(0, 0)));
    assert.ok(at(pausedAt - 2).equals(RtpSource.payload(pausedAt - 2, 0)), "the last before the pause");
    for (let f = pausedAt + 2; f < resumedAt - 1; f++)
      assert.ok(
        at(f).every((b) => b === 0xff),
        `frame ${f} of the pause`,
      );
    for (let f = resumedAt + 2; f < n; f++)
      assert.ok(at(f).equals(RtpSource.payload(f, 0)), `frame ${f} after the pause`);
    const events = (document["events"] as { event: string; atMs: number }[]).filter(
      (e) => e.event === "pause" || e.event === "resume",
    );
    assert.deepEqual(
      events.map((e) => e.event),
      ["pause", "resume"],
    );
    const atMs = events[0]?.atMs ?? 0;
    assert.ok(atMs > 440 && atMs < pausedMs + 60, `the pause is at ${atMs} ms`);
  } finally {
    left.socket.close();
    right.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});

function gapsOf(document: Record<string, unknown>): Record<string, unknown>[] {
  return (document["events"] as Record<string, unknown>[]).filter(({ event }) => event === "gap");
}

test("R30, R8: a higher epoch goes on in the same file, an older one is refused, another call is kept apart; SIGTERM marks and BYEs", {
  timeout: 30_000,
}, async () => {
  let r = await runRecorder();
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros() - 400_000;
  const now = (): number => Math.floor((systemClock.wallMicros() - startMicros) / 20_000);
  const first = await RtpSource.open(1, startMicros);
  const second = await RtpSource.open(9, startMicros);
  try {
    const body = (s: RtpSource) => src.body({ ports: [s.port, s.port + 2] });
    const uri = (epoch: number, uuid = "U1") => `record=e@;calluuid=${uuid};dn=7001;copy=1;epoch=${epoch}`;
    const one = await src.invite(r.sip, uri(2), body(first));
    first.report(one.ports[0] ?? 0);
    for (let n = 0; n < 20; n++) first.send(one.ports[0] ?? 0, first.packet(n, 0, n));
    await delay(systemClock, 700);
    const ended = new Promise<void>((resolve) => one.session.on("ended", () => resolve()));
    const two = await src.invite(r.sip, uri(3), body(second));
    await ended;
    const j = now();
    second.report(two.ports[0] ?? 0, j);
    for (let n = j - 20; n < j; n++) second.send(two.ports[0] ?? 0, second.packet(n, 0, n));
    assert.equal((await src.invite(r.sip, uri(2), body(first))).response.status, 403);
    const other = await src.invite(r.sip, uri(1, "U2"), body(first));
    assert.equal(other.response.status, 200);
    await delay(systemClock, 700);
    const bye = new Promise<void>((resolve) => two.session.on("ended", () => resolve()));
    const from = systemClock.now();
    await r.role.close();
    await bye;
    assert.ok(systemClock.now() - from < 3000);
    r = await runRecorder({ folder: r.folder });
    const document = await untilState(r.url, "e", "partial");
    const l = channel(await audio(r.url, "e"), 0);
    for (const n of [0, 19, j - 20, j - 1])
      assert.ok(l.subarray(n * 160, n * 160 + 160).equals(RtpSource.payload(n, 0)), `frame ${n}`);
    assert.ok(l.subarray(20 * 160, (j - 20) * 160).every((b) => b === 0xff));
    assert.equal((document["integrity"] as { verdict: string }).verdict, "intact");
    const apart = await untilState(r.url, "e~2", "partial");
    assert.ok((apart["warnings"] as { code: string }[]).some((w) => w.code === "duplicate-id"));
    // A5: after a restart the client comes back with the next epoch.
    const three = await src.invite(r.sip, uri(4), body(second));
    assert.equal(three.response.status, 200);
    const k = now();
    second.report(three.ports[0] ?? 0, k);
    for (let n = k - 5; n < k; n++) second.send(three.ports[0] ?? 0, second.packet(n, 0, n));
    await delay(systemClock, 300);
    await three.session.bye();
    const whole = await untilState(r.url, "e", "partial", (d) => gapsOf(d).length === 2);
    // R30: the time from the last sample of the one to the first of the other.
    for (const [i, frames] of [j - 40, k - 5 - j].entries()) {
      const gap = gapsOf(whole)[i];
      assert.ok(Math.abs((gap?.["ms"] as number) - frames * 20) <= 20, JSON.stringify(gap));
      assert.equal(gap?.["cause"], "session");
    }
    const again = channel(await audio(r.url, "e"), 0);
    for (const n of [0, j - 1, k - 5, k - 1])
      assert.ok(again.subarray(n * 160, n * 160 + 160).equals(RtpSource.payload(n, 0)), `frame ${n} of three parts`);
  } finally {
    first.socket.close();
    second.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
