// The waveform of a long recording: how long the first answer takes, cold (nothing computed), after a restart, and warm.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatLine, MANIFEST } from "@sidetone/recording-file";
import { PeakThread } from "../services/recorder/src/peaks/peak-thread.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "120" } } });
const minutes = Number(values.minutes);
const root = mkdtempSync(join(tmpdir(), "sidetone-peaks-"));
const folder = "2026/11/20/long";
try {
  mkdirSync(join(root, folder), { recursive: true });
  const at = "2026-11-20T09:15:15.000000Z";
  const start = {
    id: "long",
    fileName: "long",
    callUuid: undefined,
    connId: undefined,
    copy: 1,
    epoch: 1,
    at,
    parameters: {},
  };
  writeFileSync(
    join(root, folder, MANIFEST),
    formatLine({ type: "start", version: 1, ...start }) +
      formatLine({ type: "zero", at, wallMicros: 0, codec: "pcmu" }),
  );
  // A minute of noise that no table could guess.
  const minute = Buffer.alloc(960_000);
  for (let n = 0, x = 1; n < minute.length; n++) minute[n] = (x = (x * 48_271) % 2_147_483_647) & 0xff;
  for (let n = 1; n <= minutes; n++)
    writeFileSync(join(root, folder, `audio-${String(n).padStart(6, "0")}.g711`), minute);

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
