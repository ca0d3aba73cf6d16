import assert from "node:assert/strict";
import { test } from "node:test";
import { SidetoneError, silentLogger } from "@sidetone/foundation";
import type { AudioFile, FileRecordingOptions } from "./audio-types.ts";
import { Bench } from "./core.fixture.ts";
import { chorus, levelOf, type TonePhone, tonePacket, tonePhone } from "./core-mix.fixture.ts";
import { FileRecordings } from "./file-recordings.ts";
import { MAX_UNWRITTEN_OCTETS } from "./limits.ts";
import { toneSamples } from "./tones.ts";

/** Files in memory, which may refuse or never end to write. */
class Disk {
  readonly files = new Map<string, number[]>();
  readonly log: string[] = [];
  mode: "good" | "full" | "stuck" = "good";

  open(name: string, append: boolean): AudioFile {
    const before = append ? (this.files.get(name) ?? []) : [];
    const octets = [...before];
    this.files.set(name, octets);
    return {
      write: async (more) => {
        if (this.mode === "full") throw new Error("no space left");
        if (this.mode === "stuck") await new Promise(() => undefined);
        octets.push(...more);
      },
      finish: async (trim) => {
        octets.length -= trim;
        this.log.push(`finish ${name} ${octets.length}`);
      },
      discard: async () => {
        this.files.set(name, before);
        this.log.push(`discard ${name}`);
      },
    };
  }
}

/** A core whose recordings are written as the proxy does. */
function scene(): {
  b: Bench;
  disk: Disk;
  recordings: FileRecordings;
  ended: string[];
  phones: [TonePhone, TonePhone];
} {
  const b = new Bench();
  const disk = new Disk();
  const ended: string[] = [];
  const recordings = new FileRecordings({
    open: async (name, { append }) => {
      if (name.includes("..")) throw new SidetoneError("bad-file", "not there");
      return disk.open(name, append);
    },
    calls: {
      start: async (recording, o) => b.core.startFileRecording(recording, o),
      stop: async (recording) => b.core.stopFileRecording(recording),
    },
    log: silentLogger,
    ended: (recording, reason, { durationMs }) => ended.push(`${recording} ${reason} ${durationMs}`),
  });
  b.core.events.on("file-audio", (recording, octets) => recordings.take(recording, octets));
  b.core.events.on("file-end", (...args) => recordings.endedByItself(...args));
  const phones: [TonePhone, TonePhone] = [tonePhone(b, 1, 437, "PCMA"), tonePhone(b, 2, 1013)];
  b.core.setConference("c", [phones[0].leg, phones[1].leg]);
  chorus(b, phones, 20);
  return { b, disk, recordings, ended, phones };
}

function pcm(octets: readonly number[] | undefined): Int16Array {
  return new Int16Array(Uint8Array.from(octets ?? []).buffer);
}

/** Lets promises that wait go on. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

const wav: Omit<FileRecordingOptions, "source"> = { file: "x.wav", format: "PCM" };

for (const [name, pick, expected] of [
  ["a leg: what its phone says", (p: TonePhone) => ({ source: p.leg }), [true, false, false]],
  [
    "a leg both ways: what it says and hears, with what is played to it",
    (p: TonePhone) => ({ source: p.leg, direction: "both" }),
    [true, true, true],
  ],
  ["a conference: all members and what is played to it", () => ({ source: "c" }), [true, true, true]],
] as const) {
  void test(`RFC 5707 9.7.4: record of ${name}; the call stays relayed`, async () => {
    const { b, disk, recordings, phones } = scene();
    const music = toneSamples({ frequency1: 2000, level1Db: -12, durationMs: 100 });
    b.core.play("c", { audio: [music], iterations: -1, intervalMs: 0, capture: false });
    const recording = await recordings.start({ ...wav, ...pick(phones[0]) });
    b.take(phones[1].address);
    chorus(b, phones, 150);
    assert.equal(b.take(phones[1].address).length, 150);
    const result = await recordings.stop(recording, {});
    assert.deepEqual(result, { durationMs: 3000, octets: 48_000 });
    const samples = pcm(disk.files.get("x.wav"));
    assert.equal(samples.length, 24_000);
    const part = samples.subarray(1600, 22_400);
    assert.deepEqual(
      [437, 1013, 2000].map((hertz) => levelOf(part, hertz) > 1000),
      expected,
    );
    assert.ok(Math.abs(levelOf(part, 437) - 8000) < 400);
    assert.equal(await recordings.stop(recording, {}), undefined);
    b.core.close();
    assert.equal(b.clock.pending, 0);
  });
}

void test("RFC 5707 9.7.4: pause shortens the file, G.711 as it is asked for, append goes on, final silence and cancelled", async () => {
  const { b, disk, recordings, phones } = scene();
  const first = await recordings.start({ ...wav, format: "PCMU", source: phones[0].leg, paused: true });
  chorus(b, phones, 50);
  assert.equal(b.core.resumeFileRecording(first), true);
  chorus(b, phones, 50);
  b.core.pauseFileRecording(first);
  chorus(b, phones, 50);
  b.core.resumeFileRecording(first);
  chorus(b, phones, 50);
  assert.deepEqual(await recordings.stop(first, {}), { durationMs: 2000, octets: 16_000 });
  const second = await recordings.start({ ...wav, format: "PCMU", source: phones[0].leg, append: true });
  chorus(b, phones, 50);
  for (let n = 0; n < 50; n++) {
    b.clock.advance(20);
    b.io.inject(phones[0].port, phones[0].address, tonePacket(phones[0], 0));
  }
  const trimmed = await recordings.stop(second, { trimFinalSilence: true });
  assert.ok(trimmed !== undefined && Math.abs(trimmed.durationMs - 1040) <= 40, `${trimmed?.durationMs}`);
  const kept = disk.files.get("x.wav")?.length ?? 0;
  assert.equal(kept, 16_000 + trimmed.octets);
  const third = await recordings.start({ ...wav, format: "PCMU", source: phones[0].leg, append: true });
  chorus(b, phones, 50);
  assert.deepEqual(await recordings.stop(third, { discard: true }), { durationMs: 0, octets: 0 });
  assert.equal(disk.files.get("x.wav")?.length, kept);
  assert.equal(b.core.pauseFileRecording(third), false);
  b.core.close();
});

void test("RFC 5707 9.7.4: maxtime and a limit of octets end it to the sample; so does the end of what is recorded", async () => {
  const { b, disk, recordings, ended, phones } = scene();
  const timed = await recordings.start({ ...wav, file: "t", source: phones[0].leg, maxTimeMs: 1010 });
  const limited = await recordings.start({ ...wav, file: "o", source: phones[0].leg, maxOctets: 9001 });
  const gone = await recordings.start({ ...wav, file: "g", source: phones[1].leg, direction: "both" });
  chorus(b, phones, 100);
  b.core.closeLeg(phones[1].leg);
  await settle();
  assert.deepEqual(ended.sort(), [`${timed} time 1010`, `${limited} octets 563`, `${gone} source 2000`]);
  assert.deepEqual(
    ["t", "o", "g"].map((name) => disk.files.get(name)?.length),
    [16_160, 9000, 32_000],
  );
  assert.equal(await recordings.stop(timed, {}), undefined);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("a disk that refuses or hangs costs the recording, never the call, and memory is bounded", async () => {
  for (const mode of ["full", "stuck"] as const) {
    const { b, disk, recordings, ended, phones } = scene();
    disk.mode = mode;
    const recording = await recordings.start({ ...wav, source: "c" });
    b.take(phones[1].address);
    for (let n = 0; n < MAX_UNWRITTEN_OCTETS / 16_000 + 2; n++) {
      chorus(b, phones, 50);
      await settle();
    }
    assert.deepEqual(ended, [`${recording} failed 0`]);
    assert.ok(b.take(phones[1].address).length > 6000);
    assert.equal(await recordings.stop(recording, {}), undefined);
    b.core.close();
    assert.equal(b.clock.pending, 0);
  }
});

void test("a file that may not be opened, or a source that is not there: an error, and nothing is left", async () => {
  const { b, disk, recordings } = scene();
  await assert.rejects(recordings.start({ ...wav, file: "../x", source: "c" }), { code: "bad-file" });
  await assert.rejects(recordings.start({ ...wav, source: 99 }), { code: "unknown-leg" });
  assert.deepEqual(disk.log, ["discard x.wav"]);
  const none = new FileRecordings({
    open: undefined,
    calls: { start: () => Promise.resolve(), stop: () => Promise.resolve(undefined) },
    log: silentLogger,
    ended: () => undefined,
  });
  await assert.rejects(none.start({ ...wav, source: "c" }), { code: "no-file-recording" });
  b.core.close();
});
