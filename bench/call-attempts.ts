/**
 * What a call costs SIP Server, beside Kamailio (a plain stateful proxy) on the same machine in the same run: inbound from
 * a trunk to an agent, directly and through a routing point with a strategy, not recorded and recorded (all five roles).
 * Each subject gets the same calls at the same rate; CPU is read from /proc, latency is what the subject added between
 * the two ends of one process.
 *
 *   ./node_modules/.bin/sidetone-node bench/call-attempts.ts [--calls 1000] [--rate 50] [--rounds 3] [--only kamailio,direct,routed,recorded] [--held 500]
 *
 * Kamailio takes part where it is installed (Debian package `kamailio`). With two cores or more `taskset` keeps the subject on
 * one of them and this process on another.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Ends } from "./call-attempts/ends.ts";
import { kamailio, kamailioIsThere, type Subject, sidetone } from "./call-attempts/subjects.ts";
import { median } from "./tlib-fanout/figures.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "1000" },
    rate: { type: "string", default: "50" },
    rounds: { type: "string", default: "3" },
    held: { type: "string", default: "500" },
    only: { type: "string", default: "kamailio,direct,routed,recorded" },
  },
});
const [calls, rate, rounds, held] = [values.calls, values.rate, values.rounds, values.held].map(Number) as [
  number,
  number,
  number,
  number,
];
const wanted = values.only.split(",").filter((name) => name !== "kamailio" || kamailioIsThere());

interface Round {
  readonly cpuMs: number;
  readonly invite: readonly [number, number];
  readonly ringing: readonly [number, number];
  readonly answer: readonly [number, number];
  readonly failed: number;
}

async function measured(subject: Subject, ends: Ends): Promise<Round> {
  const before = subject.cpuSeconds();
  const result = await ends.run(subject, { calls, rate });
  const cpuMs = ((subject.cpuSeconds() - before) * 1000) / calls;
  return { cpuMs, ...result };
}

const folder = mkdtempSync(join(tmpdir(), "sidetone-bench-"));
const results = new Map<string, Round[]>(wanted.map((name) => [name, []]));
const perCall = new Map<string, number>();
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const name of wanted) {
      const ends = await Ends.open();
      const subject = name === "kamailio" ? await kamailio(folder, ends) : await sidetone(folder, ends, name);
      try {
        await ends.run(subject, { calls: Math.min(calls, 300), rate }); // warm
        const one = await measured(subject, ends);
        results.get(name)?.push(one);
        if (round === 0 && held > 0) {
          const empty = subject.residentBytes();
          const up = await ends.hold(subject, held, rate);
          perCall.set(name, (subject.residentBytes() - empty) / held);
          await up();
        }
        if (one.failed > 0) console.log(`${name}: ${one.failed} of ${calls} calls failed`);
      } finally {
        await subject.stop();
        await ends.close();
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const ms = (micros: number): string => (micros / 1000).toFixed(2);
console.log(
  `${calls} calls at ${rate} a second, ${rounds} rounds; ${cpus()[0]?.model ?? "?"}, Node ${process.version}`,
);
console.log("subject    CPU ms/call  calls/core-s   INVITE p50/p99 ms   180 p50/p99 ms   200 p50/p99 ms   KiB/call");
for (const [name, all] of results) {
  const middle = (of: (round: Round) => number): number => median(all.map(of));
  const pair = (of: (round: Round) => readonly [number, number]): string =>
    `${ms(middle((round) => of(round)[0]))}/${ms(middle((round) => of(round)[1]))}`;
  const cost = middle((round) => round.cpuMs);
  console.log(
    `${name.padEnd(10)} ${cost.toFixed(2).padStart(11)} ${Math.round(1000 / cost)
      .toString()
      .padStart(
        13,
      )}   ${pair((r) => r.invite).padStart(17)} ${pair((r) => r.ringing).padStart(16)} ${pair((r) => r.answer).padStart(16)} ${((perCall.get(name) ?? 0) / 1024).toFixed(1).padStart(10)}`,
  );
}
