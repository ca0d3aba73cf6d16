/**
 * What a call notices when a part dies: the gap of each leg, measured at the phones by whose numbered voice comes with which packet
 * and when (the kernel's time stamps), and what recorders then have. Every run starts a system of its own with each part in its own
 * process, and the calls at the part that is lost.
 *
 *   ./node_modules/.bin/sidetone-node bench/failover.ts [--calls 50] [--runs 3] [--only media-server-kill,...] [--write]
 *
 * `--write` puts the table into docs/failover.md. It wants `unshare` (a network namespace of its own), and a machine that does nothing else.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inNamespace, SILENCE_MS, spreadOf } from "@sidetone/testing";
import { lossesOf, type LossName, lossNames, type Measured } from "../test/faults/losses.ts";
import { isolation } from "../test/namespace.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "50" },
    runs: { type: "string", default: "3" },
    only: { type: "string", default: lossNames.join(",") },
    write: { type: "boolean", default: false },
  },
});

if (!inNamespace) {
  const { wrap, env, note } = isolation();
  if (note !== "") console.log(`note: ${note}`);
  const command = [...wrap, process.execPath, "--disable-warning=ExperimentalWarning", ...process.argv.slice(1)];
  const [program = "", ...args] = command;
  const ran = spawnSync(program, args, {
    stdio: "inherit",
    env: { ...process.env, ...env, SIDETONE_TEST_NAMESPACE: "1" },
  });
  process.exit(ran.status ?? 1);
}

const [calls, runs] = [Number(values.calls), Number(values.runs)];
const wanted = values.only.split(",").filter((name): name is LossName => lossNames.includes(name as LossName));

const rows: string[] = [];
for (const name of wanted) {
  const all: Measured[] = [];
  for (let run = 1; run <= runs; run += 1) {
    try {
      const measured = await lossesOf(name, calls);
      all.push(measured);
      const worst = Math.round(Math.max(...measured.legs.map(({ longestMs }) => longestMs)));
      console.log(
        `${name}, run ${run} of ${runs}: worst silence of a leg ${worst} ms; ${measured.problems.length} problems`,
      );
      for (const problem of measured.problems.slice(0, 10)) console.log(`    ${problem}`);
    } catch (error) {
      console.log(
        `${name}, run ${run} of ${runs}: ${error instanceof Error ? error.message.slice(0, 2000) : String(error)}`,
      );
    }
  }
  rows.push(line(name, all));
}

function line(name: LossName, all: readonly Measured[]): string {
  const legs = all.flatMap((one) => one.legs);
  const spread = (of: readonly number[]): string => {
    const { p50, p99, worst } = spreadOf(of);
    return [p50, p99, worst].map((value) => (Number.isFinite(value) ? String(Math.round(value)) : "never")).join(" / ");
  };
  const cells = [
    all[0]?.title ?? name,
    `${all.length} × ${legs.length / Math.max(1, all.length)}`,
    spread(legs.map(({ longestMs }) => (longestMs > SILENCE_MS ? longestMs : 0))),
    spread(legs.map(({ lostFrames }) => 20 * lostFrames)),
    spread(all.flatMap((one) => one.recordings.flatMap(({ customer, agent }) => [customer.holeMs, agent.holeMs]))),
    String(legs.filter(({ up }) => !up).length),
  ];
  return `| ${cells.join(" | ")} |`;
}

const table = [
  "| What happens | Runs × legs | Gap, ms: p50 / p99 / worst | Voice lost, ms | Missing in the recording, ms | Calls dropped |",
  "|---|---|---|---|---|---|",
  ...rows,
  "",
  `${calls} recorded calls; ${cpus().length} × ${cpus()[0]?.model ?? "?"}, Linux, Node ${process.version}, all parts and the phones on it. A gap is counted from ${SILENCE_MS} ms on.`,
].join("\n");
console.log(`\n${table}`);
if (values.write) {
  const file = fileURLToPath(new URL("../docs/failover.md", import.meta.url));
  const text = readFileSync(file, "utf8");
  const [begin, end] = ["<!-- measured -->", "<!-- /measured -->"];
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`docs/failover.md has no ${begin} ... ${end}`);
  writeFileSync(file, `${text.slice(0, before + begin.length)}\n\n${table}\n\n${text.slice(after)}`);
}
