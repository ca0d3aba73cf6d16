import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { linearToAlaw, linearToUlaw } from "@sidetone/rtp";
import { readWav } from "../prompts/wav.ts";
import { toneSamples } from "./tones.ts";
import { openWavFile } from "./wav-file.ts";

const tone = toneSamples({ frequency1: 400, level1Db: -10, durationMs: 500 });

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sidetone-wav-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const forms = {
  PCM: new Uint8Array(tone.buffer),
  PCMU: Uint8Array.from(tone, (sample) => linearToUlaw[sample & 0xffff] ?? 0),
  PCMA: Uint8Array.from(tone, (sample) => linearToAlaw[sample & 0xffff] ?? 0),
} as const;

for (const format of ["PCM", "PCMU", "PCMA"] as const) {
  void test(`WAV of ${format}: readable at any moment, appended to, trimmed, and as it was before where that is discarded`, async (t) => {
    const path = join(await folder(t), "x.wav");
    const octets = forms[format];
    const sounds = async (): Promise<number> => {
      const read = readWav(await readFile(path));
      assert.ok(read.ok);
      return read.value.length;
    };
    const file = await openWavFile(path, { format, append: false });
    await file.write(octets);
    assert.equal(await sounds(), 4000);
    await file.write(octets);
    await file.finish(octets.length / 4);
    assert.equal(await sounds(), 7000);
    const more = await openWavFile(path, { format, append: true });
    await more.write(octets);
    await more.finish(0);
    assert.equal(await sounds(), 11_000);
    const whole = await readFile(path);
    const none = await openWavFile(path, { format, append: true });
    await none.write(octets);
    await none.discard();
    assert.ok((await readFile(path)).equals(whole));
    const other = format === "PCM" ? "PCMU" : "PCM";
    await assert.rejects(openWavFile(path, { format: other, append: true }), { code: "bad-audio-file" });
    assert.ok((await readFile(path)).equals(whole), "nothing was touched");
    const anew = await openWavFile(path, { format, append: false });
    await anew.discard();
    assert.deepEqual(await readdir(join(path, "..")), []);
  });
}

void test("what is no file of ours is not appended to, what cannot be opened is a typed error; append to none begins one", async (t) => {
  const path = await folder(t);
  await writeFile(join(path, "notes.txt"), "no audio at all, but long enough to be a header of a file as it is");
  await assert.rejects(openWavFile(join(path, "notes.txt"), { format: "PCM", append: true }), {
    code: "bad-audio-file",
  });
  await assert.rejects(openWavFile(path, { format: "PCM", append: false }), { code: "bad-audio-file" });
  await assert.rejects(openWavFile(join(path, "a", "b"), { format: "PCM", append: true }), { code: "bad-audio-file" });
  const file = await openWavFile(join(path, "new.wav"), { format: "PCMU", append: true });
  await file.write(forms.PCMU);
  await file.finish(0);
  const read = readWav(await readFile(join(path, "new.wav")));
  assert.ok(read.ok && read.value.length === 4000);
});
