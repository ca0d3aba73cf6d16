import { parseArgs } from "node:util";
import { systemClock } from "@sidetone/foundation";
import type { Bounds } from "./actions.ts";
import { Coverage } from "./coverage.ts";
import { type Exploration, exploreAll, walkRandomly } from "./explore.ts";
import { model } from "./model.ts";

/**
 * The exploration of the call model, for longer than a unit test may take:
 * `sidetone-node services/sip-server/src/call-model/model-check/run.ts --minutes 10 [--seed N]`. Breadth first for half of
 * the time, then random walks. Exit code 1 where something was wrong, with the way there.
 */
const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? "1");
const seed = Number(values.seed ?? String(systemClock.wallMicros() % 1_000_000_007));
const bounds: Bounds = { phones: 4, second: true, routing: true, recording: true };
const coverage = new Coverage();
const started = systemClock.now();
const after = (part: number) => () => systemClock.now() - started > minutes * 60_000 * part;
const most = 5_000_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const report = (what: string, { states, transitions, effective, exhausted, found }: Exploration): boolean => {
  const whole = exhausted ? "all within the bounds" : "bounded by time";
  say(`${what}: ${states} states, ${transitions} transitions, ${effective} with effect, ${whole}`);
  if (found !== undefined) say(`VIOLATION ${found.check}: ${found.detail}\n  ${found.path.join("\n  ")}`);
  return found === undefined;
};

const breadth = exploreAll(model, { bounds, maxStates: most, enough: after(0.5) }, coverage);
const walks = walkRandomly(model, { bounds, maxStates: most, enough: after(1), seed, length: 60 }, coverage);
const good = [report("breadth first", breadth), report(`random walks, seed ${seed}`, walks)];
for (const [pair, count] of coverage.pairs) say(`${String(count).padStart(9)}  ${pair}`);
say(`${coverage.pairs.size} pairs of input and state, ${Math.round((systemClock.now() - started) / 1000)} s`);
process.exitCode = good.every(Boolean) ? 0 : 1;
