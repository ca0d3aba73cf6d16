import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { linearToAlaw, linearToUlaw } from "@sidetone/rtp";
import { promptFolder, PromptLibrary, shippedPrompts } from "./index.ts";
import { readWav } from "./wav.ts";

interface Wav {
  readonly tag: number;
  readonly bits: number;
  readonly rate?: number;
  readonly channels?: number;
  readonly data: Uint8Array;
  readonly extra?: Uint8Array;
}

function wav({ tag, bits, rate = 8000, channels = 1, data, extra = new Uint8Array() }: Wav): Buffer {
  const head = Buffer.alloc(20 + 16 + extra.length + 8);
  head.write("RIFF", 0);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(tag, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt16LE(bits, 34);
  head.set(extra, 36);
  head.write("data", 36 + extra.length);
  head.writeUInt32LE(data.length, 40 + extra.length);
  return Buffer.concat([head, data]);
}

const tone = Int16Array.from({ length: 400 }, (_, i) => Math.round(9000 * Math.sin(i / 3)));
const pcm = new Uint8Array(tone.buffer);

test("WAV: µ-law, A-law and 16-bit PCM give the same sound, also behind foreign chunks of odd length", () => {
  const note = Buffer.from("LIST\x03\0\0\0abc\0", "latin1");
  const files: Wav[] = [
    { tag: 1, bits: 16, data: pcm },
    { tag: 7, bits: 8, data: Uint8Array.from(tone, (sample) => linearToUlaw[sample & 0xffff] ?? 0) },
    { tag: 6, bits: 8, data: Uint8Array.from(tone, (sample) => linearToAlaw[sample & 0xffff] ?? 0) },
    { tag: 1, bits: 16, data: pcm, extra: note },
  ];
  for (const file of files) {
    const read = readWav(wav(file));
    assert.ok(read.ok);
    assert.equal(read.value.length, 400);
    read.value.forEach((sample, i) => assert.ok(Math.abs(sample - (tone[i] ?? 0)) < 300));
  }
});

test("WAV: what cannot be played says what it is; no octets make it throw", () => {
  const data = pcm;
  const table: [RegExp, Uint8Array][] = [
    [/no WAV/, Buffer.from("hello")],
    [/no WAV/, new Uint8Array()],
    [/2 channels/, wav({ tag: 1, bits: 16, channels: 2, data })],
    [/16000 Hz/, wav({ tag: 1, bits: 16, rate: 16_000, data })],
    [/8 bits/, wav({ tag: 1, bits: 8, data })],
    [/format 85/, wav({ tag: 85, bits: 0, data })],
    [/no data/, wav({ tag: 7, bits: 8, data }).subarray(0, 36)],
    [/cut off/, wav({ tag: 7, bits: 8, data }).subarray(0, 30)],
  ];
  for (const [what, bytes] of table) {
    const read = readWav(bytes);
    assert.match(read.ok ? "" : read.error, what);
  }
  const whole = wav({ tag: 7, bits: 8, data });
  for (let length = 0; length < whole.length; length++) readWav(whole.subarray(0, length));
  const cut = readWav(whole.subarray(0, 44 + 100));
  assert.ok(cut.ok && cut.value.length === 100, "a file that ends early is played as far as it goes");
});

test("a prompt is read once, and again when its file has changed", async () => {
  let [stamp, reads] = ["1", 0];
  const library = new PromptLibrary({
    stamp: async () => ({ octets: 844, stamp }),
    read: async () => {
      reads += 1;
      return wav({ tag: 1, bits: 16, data: pcm });
    },
  });
  const first = await library.load("a.wav");
  assert.equal(await library.load("a.wav"), first);
  assert.equal(reads, 1);
  stamp = "2";
  assert.notEqual(await library.load("a.wav"), first);
  assert.equal(reads, 2);
});

test("a prompt that is missing, too large, a folder or no sound is refused by name", async () => {
  const shipped = new PromptLibrary(promptFolder(shippedPrompts));
  for (const [name, code] of [
    ["nothing.wav", "prompt-missing"],
    [".", "prompt-missing"],
    ["make.sh", "prompt-format"],
  ] as const) {
    await assert.rejects(shipped.load(name), (error: Error & { code?: string }) => {
      return error.code === code && error.message.includes(name);
    });
  }
  const huge = new PromptLibrary({
    stamp: async () => ({ octets: 10_000_001, stamp: "" }),
    read: async () => assert.fail("not read"),
  });
  await assert.rejects(huge.load("huge.wav"), { code: "prompt-format" });
});

test("what comes with the Media Server can be played, and is no burden", async () => {
  const library = new PromptLibrary(promptFolder(shippedPrompts));
  const [music, wait] = [await library.load("music.wav"), await library.load("please-wait.wav")];
  for (const samples of [music, wait]) {
    assert.ok(samples.length > 16_000 && samples.length < 300_000);
    assert.ok(samples.some((sample) => Math.abs(sample) > 3000));
  }
});

const sox = spawnSync("sox", ["--version"]).error === undefined;
test("sox agrees about the shipped files", { skip: sox ? false : "sox is not installed" }, async () => {
  const run = spawnSync("sox", ["--i", "-s", `${shippedPrompts}/music.wav`], { encoding: "utf8" });
  const library = new PromptLibrary(promptFolder(shippedPrompts));
  assert.equal((await library.load("music.wav")).length, Number(run.stdout.trim()));
});
