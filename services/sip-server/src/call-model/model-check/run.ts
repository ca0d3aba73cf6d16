import { parseArgs } from "node:util";
import { systemClock } from "@sidetone/foundation";
import type { Bounds } from "./actions.ts";
import { Coverage } from "./coverage.ts";
import { type Exploration, exploreAll, walkRandomly } from "./explore.ts";
import { model } from "./model.ts";

/**
 * The exploration of the call model, for longer than a unit test may take:
 * `sidetone-node services/sip-server/src/call-model/model-check/run.ts --minutes 10 [--seed N]`. Small bounds until nothing
 * is left, all of it for half of the time, then random walks. Exit code 1 where something was wrong, with the way there.
 */
const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? "1");
const seed = Number(values.seed ?? String(systemClock.wallMicros() % 1_000_000_007));
const everything: Bounds = { phones: 4, second: true, routing: true, recording: true };
const smaller: readonly (readonly [what: string, bounds: Bounds])[] = [
  ["one call, four phones, routing point, recording", { ...everything, second: false }],
  ["two calls, three phones", { ...everything, phones: 3, routing: false, recording: false }],
  ["two calls, four phones", { ...everything, routing: false, recording: false }],
  ["two calls, three phones, routing points", { ...everything, phones: 3, recording: false }],
];
const coverage = new Coverage();
const started = systemClock.now();
const after = (part: number) => () => systemClock.now() - started > minutes * 60_000 * part;
/** More than the memory of a machine holds is not kept. */
const MOST = 2_000_000;
let good = true;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
function report(what: string, { states, transitions, effective, exhausted, found }: Exploration): void {
  const whole = exhausted ? "nothing left out" : "not all";
  say(`${what}: ${states} states, ${transitions} transitions, ${effective} with effect, ${whole}`);
  if (found === undefined) return;
  good = false;
  say(`VIOLATION ${found.check}: ${found.detail}\n  ${found.path.join("\n  ")}`);
}

for (const [what, bounds] of smaller) {
  report(what, exploreAll(model, { bounds, maxStates: MOST, enough: after(0.5) }, coverage));
}
if (!after(0.5)()) {
  report("everything", exploreAll(model, { bounds: everything, maxStates: MOST, enough: after(0.7) }, coverage));
}
const walk = { bounds: everything, maxStates: MOST, enough: after(1), seed, length: 100 };
report(`random walks, seed ${seed}`, walkRandomly(model, walk, coverage));
for (const [pair, count] of coverage.pairs) say(`${String(count).padStart(9)}  ${pair}`);
say(`${coverage.pairs.size} pairs of input and state, ${Math.round((systemClock.now() - started) / 1000)} s`);
process.exitCode = good ? 0 : 1;
