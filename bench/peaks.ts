// The waveform of a long recording: how long the first answer takes, cold (nothing computed), after a restart, and warm.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { longRecording } from "../services/recorder/src/peaks/long-recording.fixture.ts";
import { PeakThread } from "../services/recorder/src/peaks/peak-thread.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "120" } } });
const minutes = Number(values.minutes);
const root = mkdtempSync(join(tmpdir(), "sidetone-peaks-"));
try {
  // A minute of noise that no table could guess.
  const minute = Buffer.alloc(960_000);
  for (let n = 0, x = 1; n < minute.length; n++) minute[n] = (x = (x * 48_271) % 2_147_483_647) & 0xff;
  const folder = longRecording(root, "long", minutes, minute, 1_795_166_115_000_000);

  const question = { fromMs: 0, toMs: undefined, points: 2000 };
  let peaks = new PeakThread(root);
  const timed = async (what: string, points = question.points): Promise<void> => {
    const from = performance.now();
    const view = await peaks.ask(folder, false, { ...question, points });
    const ms = performance.now() - from;
    console.log(`${what}: ${ms.toFixed(0)} ms, ${view.points} points, ${JSON.stringify(view).length} bytes of JSON`);
  };
  console.log(`${minutes} minutes, process ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  await timed("cold, the thread's start included");
  await timed("warm");
  await timed("warm, at the finest", 400_000);
  await peaks.close();
  peaks = new PeakThread(root);
  await timed("after a restart, the thread's start included");
  console.log(`process ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  await peaks.close();
} finally {
  rmSync(root, { recursive: true, force: true });
}
