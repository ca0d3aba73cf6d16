/**
 * `npm test`. Unit tests run in a process per workspace, each end-to-end, interop and fault file in a network namespace of
 * its own, two processes at a time; a file that says `runs: alone` in its head comes last and by itself. What fails beside
 * another job is judged again by itself at the end, and both are told: on two cores the neighbour makes phones late. What
 * needs a program that is not installed is skipped and says so; with CI=true a skipped test fails.
 *
 *   sidetone-node test/run.ts [--unit] [--e2e] [--interop] [--browser] [--faults] [--mode one-process|five-processes] [text in a file's path ...]
 */
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isolation } from "./namespace.ts";
import type { Tally } from "./tally-reporter.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const strict = process.env["CI"] === "true";
const work = mkdtempSync(join(tmpdir(), "sidetone-run-"));
/** A process that still lives this long after its last test has left something open. */
const LINGER_MS = 5000;
const UNIT_LIMIT_MS = 480_000;
const FILE_LIMIT_MS = 600_000;

interface Job {
  readonly title: string;
  readonly files: readonly string[];
  readonly wrap: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly limitMs: number;
  /** Judges fractions of a second of a whole system: one failure is judged again, and both are told. */
  readonly twice?: boolean;
}

interface Outcome {
  readonly job: Job;
  readonly tallies: readonly Tally[];
  readonly output: string;
  /** Set where the process itself went wrong. */
  readonly trouble: string | undefined;
  readonly ms: number;
}

let number = 0;

function runJob(job: Job): Promise<Outcome> {
  number += 1;
  const tallyFile = join(work, `tally.${number}`);
  const startedAt = performance.now();
  const command = [
    ...job.wrap,
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    `--import=${pathToFileURL(join(root, "test/handles.ts")).href}`,
    "--test",
    "--test-isolation=none",
    `--test-reporter=${pathToFileURL(join(root, "test/tally-reporter.ts")).href}`,
    `--test-reporter-destination=${tallyFile}`,
    ...job.files,
  ];
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`, ...job.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  let trouble: string | undefined;
  let overSince: number | undefined;
  const watch = setInterval(() => {
    const now = performance.now();
    if (overSince === undefined && readTallies(tallyFile).some((line) => line.kind === "end")) overSince = now;
    const lingers = overSince !== undefined && now - overSince > LINGER_MS;
    const late = now - startedAt > job.limitMs;
    if (trouble === undefined && (lingers || late)) {
      trouble = lingers
        ? "all tests are over but the process does not end: something was left open"
        : `not finished after ${job.limitMs / 1000} s`;
      signalAll(child.pid, "SIGUSR2");
    } else if (trouble !== undefined) child.kill("SIGKILL");
  }, 500);
  return new Promise((resolve) => {
    child.once("error", (error) => {
      trouble = error.message;
    });
    child.once("close", (code) => {
      clearInterval(watch);
      const tallies = readTallies(tallyFile).filter((line) => line.kind !== "end");
      const failed = tallies.some((line) => line.kind === "fail");
      if (trouble === undefined && code !== 0 && !failed) trouble = `exit code ${code}`;
      if (trouble === undefined && tallies.length === 0) trouble = "no test ran";
      resolve({ job, tallies, output, trouble, ms: performance.now() - startedAt });
    });
  });
}

/** Signals a process and its descendants: the namespace's wrapper does not pass signals on. */
function signalAll(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  for (const child of globSync(`/proc/${pid}/task/*/children`)) {
    for (const inner of readFileSync(child, "utf8").trim().split(" "))
      if (inner !== "") signalAll(Number(inner), signal);
  }
  try {
    if (readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("node")) process.kill(pid, signal);
  } catch {
    // it ended meanwhile
  }
}

function readTallies(file: string): Tally[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Tally];
      } catch {
        return []; // the last line may not be whole yet
      }
    });
}

let passed = 0;
let failed = 0;
const skipped: string[] = [];
const complaints: string[] = [];

/** Jobs that failed while another one ran: tests judge lateness, so they are judged again by themselves. */
const again: Job[] = [];
const besideOthers: string[] = [];

function report(outcome: Outcome, alone: boolean): void {
  const { job, tallies, trouble } = outcome;
  const first = trouble ?? tallies.find((line) => line.kind === "fail");
  if (first !== undefined && !alone) {
    again.push(job);
    const what =
      typeof first === "string" ? first : `${first.name}\n    ${first.why.split("\n").slice(0, 8).join("\n    ")}`;
    besideOthers.push(`${job.title}: ${what}`);
    console.log(`late ${job.title}: failed, comes again by itself`);
    return;
  }
  let good = 0;
  let bad = 0;
  let left = 0;
  for (const line of tallies) {
    const where = `${relative(root, line.file)}: ${line.name}`;
    if (line.kind === "pass") good += 1;
    else if (line.kind === "skip") {
      left += 1;
      skipped.push(`${where} (${line.why})`);
      if (strict) complaints.push(`SKIPPED, and CI=true: ${where}\n    ${line.why}`);
    } else {
      bad += 1;
      complaints.push(`FAILED ${where}\n    ${line.why.replaceAll("\n", "\n    ")}`);
    }
  }
  if (trouble !== undefined) {
    bad += 1;
    complaints.push(`FAILED ${job.title}: ${trouble}\n    ${outcome.output.slice(-3000).replaceAll("\n", "\n    ")}`);
  }
  passed += good;
  failed += bad + (strict ? left : 0);
  const seconds = (outcome.ms / 1000).toFixed(1);
  const mark = bad === 0 ? "ok  " : "FAIL";
  console.log(
    `${mark} ${job.title}: ${good} passed, ${bad} failed${left > 0 ? `, ${left} skipped` : ""} (${seconds} s)`,
  );
}

async function inTurn(jobs: readonly Job[], atOnce: number): Promise<void> {
  const waiting = Array.from(jobs);
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
      report(await runJob(job), atOnce === 1 && job.twice !== true);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const args = process.argv.slice(2);
const chosen = new Set<string>(
  args.filter((arg) => ["--unit", "--e2e", "--interop", "--browser", "--faults"].includes(arg)),
);
const modeAt = args.indexOf("--mode");
const modes = modeAt >= 0 ? [args[modeAt + 1] ?? ""] : ["one-process", "five-processes"];
const filters = args.filter((arg, index) => !arg.startsWith("--") && (modeAt < 0 || index !== modeAt + 1));
const wants = (kind: string): boolean => chosen.size === 0 || chosen.has(kind);
const matching = (pattern: string | string[]): string[] =>
  globSync(pattern, { cwd: root })
    .filter(
      (file) => !file.includes("node_modules") && (filters.length === 0 || filters.some((text) => file.includes(text))),
    )
    .sort();

const unitFiles = matching([
  "packages/*/src/**/*.test.ts",
  "services/*/src/**/*.test.ts",
  "cli/src/**/*.test.ts",
  "services/*/web/**/*.test.ts",
  "test/*.test.ts",
]);
/** A workspace whose tests weigh more than this, bytes, is two jobs: else everybody waits for the last one. */
const HEAVY = 250_000;

function parts(
  workspace: string,
  files: readonly string[],
  weight: (files: readonly string[]) => number,
): [string, readonly string[]][] {
  if (weight(files) <= HEAVY) return [[workspace, files]];
  const half = (odd: number): readonly string[] => files.filter((_file, index) => index % 2 === odd);
  return [
    [`${workspace} (1 of 2)`, half(0)],
    [`${workspace} (2 of 2)`, half(1)],
  ];
}

/** Three would make calls late on two cores, and tests of audio judge lateness. */
const AT_ONCE = Math.min(2, availableParallelism());
if (wants("--unit")) {
  const byWorkspace = Map.groupBy(unitFiles, (file) =>
    file
      .split("/")
      .slice(0, file.startsWith("cli/") ? 1 : 2)
      .join("/"),
  );
  const weight = (files: readonly string[]): number =>
    files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
  const heaviestFirst = Array.from(byWorkspace)
    .flatMap(([workspace, files]) => parts(workspace, files, weight))
    .sort(([, a], [, b]) => weight(b) - weight(a));
  await inTurn(
    heaviestFirst.map(([workspace, files]) => ({
      title: `unit tests of ${workspace}`,
      files,
      wrap: [],
      env: {},
      limitMs: UNIT_LIMIT_MS,
    })),
    AT_ONCE,
  );
}

const own = isolation();
if (own.note !== "") console.log(`note: ${own.note}`);
const together: Job[] = [];
const alone: Job[] = [];
for (const kind of ["interop", "e2e", "browser", "faults"]) {
  if (!wants(`--${kind}`)) continue;
  for (const file of matching(`test/${kind}/*.test.ts`)) {
    const head = readFileSync(join(root, file), "utf8").slice(0, 600);
    const once = !head.includes("mode: both");
    for (const mode of once && modeAt < 0 ? ["one-process"] : modes) {
      const job = {
        title: once ? file : `${file} (${mode})`,
        files: [file],
        wrap: own.wrap,
        env: { ...own.env, SIDETONE_TEST_MODE: mode },
        limitMs: FILE_LIMIT_MS,
        twice: true,
      };
      (head.includes("runs: alone") ? alone : together).push(job);
    }
  }
}
await inTurn(together, own.wrap.length > 0 ? AT_ONCE : 1);
await inTurn(alone, 1);
await inTurn(
  again.map((job) => ({ ...job, twice: false })),
  1,
);

rmSync(work, { recursive: true, force: true });
if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((line) => `  ${line}`).join("\n")}`);
if (besideOthers.length > 0) {
  console.log(`\nfailed once, judged again by itself:\n${besideOthers.map((line) => `  ${line}`).join("\n")}`);
}
if (complaints.length > 0) console.log(`\n${complaints.join("\n\n")}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
