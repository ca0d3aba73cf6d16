import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { errorText } from "@sidetone/foundation";
import { silenceByte } from "./codec.ts";
import { readFolder } from "./folder-reader.ts";
import { segmentName } from "./layout.ts";
import { recoverOpen } from "./recover.ts";
import { frames } from "./testing-fixtures.ts";
import { verifyFolder } from "./verify.ts";
import { WAV_HEADER_BYTES } from "./wav.ts";
import { openWav } from "./wav-view.ts";

const child = fileURLToPath(new URL("./sweep-child.ts", import.meta.url));
const relative = "2026/11/20/sweep";
/** The calls that are counted, each for itself: all that change a file or a name, and syncs. */
const SWEPT = ["openat", "write", "pwrite64", "fsync", "mkdir", "unlink", "rmdir", "ftruncate"] as const;
type Call = (typeof SWEPT)[number];

/** A fault at the `n`-th call of a kind on the recording's files. `kill`: SIGKILL as it enters; else the error that the call gives, once. */
export interface Fault {
  readonly call: Call;
  readonly n: number;
  readonly what: "kill" | "ENOSPC" | "EIO" | "EROFS";
}

/** `strace` is there, and may trace. */
export function canSweep(): boolean {
  return spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;
}

/** How often each call comes in a recording that meets no fault. */
export async function countCalls(): Promise<ReadonlyMap<Call, number>> {
  const root = mkdtempSync(join(tmpdir(), "sidetone-sweep-"));
  const log = `${root}.calls`;
  try {
    await runChild(root, ["-o", log]);
    const text = readFileSync(log, "utf8");
    const counts = SWEPT.map((call) => [call, text.split(` ${call}(`).length - 1] as const);
    return new Map(counts.filter(([, count]) => count > 0));
  } finally {
    for (const path of [root, log, `${root}.said`]) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * B2, B3: records in a process of its own that meets a fault, then recovers as a start does, and judges what is there: nothing at all, or a recording
 * that is complete up to the last sync, readable by sox and ffprobe, and marked. Gives what the rules forbid.
 */
export async function sweepStep({ call, n, what }: Fault): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "sidetone-sweep-"));
  const fault = what === "kill" ? "signal=SIGKILL" : `error=${what}`;
  try {
    const said = await runChild(root, ["-o", "/dev/null", "-e", `inject=${call}:${fault}:when=${n}`]);
    // What fails while the marker of a closed recording is taken away does it no harm.
    const lasting = what !== "kill" && (call === "write" || call === "fsync");
    return (await judge(root, said, lasting)).map((problem) => `${what} at ${call} ${n}: ${problem}`);
  } finally {
    for (const path of [root, `${root}.said`]) rmSync(path, { recursive: true, force: true });
  }
}

async function runChild(root: string, options: readonly string[]): Promise<{ frames: number; ended: boolean }> {
  const folder = join(root, relative);
  const paths = [join(root, ".open"), join(root, ".open", "2026+11+20+sweep")];
  for (let at = folder; ; at = dirname(at)) {
    paths.push(at);
    if (at === root) break;
  }
  for (const name of ["manifest.jsonl", segmentName(1), segmentName(2)]) paths.push(join(folder, name));
  const strace = [
    "-qq",
    "-f",
    "--seccomp-bpf",
    ...paths.flatMap((path) => ["-P", path]),
    "-e",
    `trace=${SWEPT.join()}`,
  ];
  const command = [...strace, ...options, process.execPath, child, root, relative];
  const running = spawn("strace", command, { stdio: "ignore" });
  await new Promise((resolve) => running.on("exit", resolve));
  const text = existsSync(`${root}.said`) ? readFileSync(`${root}.said`, "utf8") : "";
  const lines = text.split("\n").slice(0, -1);
  return {
    frames: Math.max(0, ...lines.map(Number).filter((v) => Number.isFinite(v))),
    ended: lines.includes("ended"),
  };
}

async function judge(root: string, said: { frames: number; ended: boolean }, marked: boolean): Promise<string[]> {
  const problems: string[] = [];
  for (const { error } of recoverOpen(root, 1_795_166_200_000_000))
    if (error !== undefined) problems.push(errorText(error));
  if (recoverOpen(root, 0).length > 0) problems.push("a marker is left");
  const path = join(root, relative);
  if (!existsSync(path))
    return said.frames > 0 ? [...problems, `${said.frames} frames were synced, nothing is there`] : problems;
  const { manifest } = await readFolder(path);
  if (manifest.start === undefined) return [...problems, "a folder without a start line"];
  const { state } = manifest.end ?? { state: "no end" };
  if (state !== "partial" && (state !== "complete" || marked || said.frames === 0)) problems.push(`state ${state}`);
  const { verdict, problems: damage } = await verifyFolder(path);
  if (verdict !== "intact") problems.push(`${verdict}: ${damage.join(", ")}`);
  const wav = await buffer((await openWav(path)).stream());
  const audio = wav.subarray(WAV_HEADER_BYTES);
  if (audio.length / 2 < said.frames) problems.push(`${audio.length / 2} frames are there, ${said.frames} were synced`);
  const wanted = frames(0, audio.length / 2);
  // What was too much to be kept while the disk refused is silent, and listed.
  for (const { event, atMs, untilMs, cause } of manifest.events)
    if (event === "gap" && cause === "storage") wanted.fill(silenceByte("pcmu"), atMs * 16, (untilMs ?? atMs) * 16);
  if (!audio.equals(wanted)) problems.push("frames are not where they belong");
  return [...problems, ...complaintsOfTools(root, wav, audio.length / 2)];
}

/** What sox and ffprobe say without any option that makes them lenient. */
export function complaintsOfTools(folder: string, wav: Buffer, expected: number): string[] {
  if (expected === 0) return [];
  const file = join(folder, "out.wav");
  writeFileSync(file, wav);
  const soxi = spawnSync("soxi", ["-s", file], { encoding: "utf8" });
  const found: string[] = [];
  if (soxi.error === undefined && (soxi.stderr !== "" || Number(soxi.stdout) !== expected))
    found.push(`soxi: ${soxi.stdout.trim()} of ${expected} frames ${soxi.stderr}`);
  const show = ["-v", "warning", "-show_entries", "stream=codec_name,channels,sample_rate", "-of", "csv=p=0", file];
  const probe = spawnSync("ffprobe", show, { encoding: "utf8" });
  if (probe.error === undefined && (probe.stderr !== "" || probe.stdout.trim() !== "pcm_mulaw,8000,2"))
    found.push(`ffprobe: ${probe.stdout.trim()} ${probe.stderr}`);
  return found;
}
