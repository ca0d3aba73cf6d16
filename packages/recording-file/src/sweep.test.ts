// B2, B3: a process that records meets a fault at its n-th write, sync, or change of a name. A few here; every one with SIDETONE_SWEEP=all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fault, canSweep, countCalls, sweepStep } from "./sweep.ts";

const all = process.env["SIDETONE_SWEEP"] === "all";
const skip = !canSweep() && "strace is not installed, or may not trace";
/** Two processes at a time. */
const AT_ONCE = 2;

async function problemsOf(faults: readonly Fault[]): Promise<string[]> {
  const waiting = Array.from(faults);
  const problems: string[] = [];
  const worker = async (): Promise<void> => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift())
      problems.push(...(await sweepStep(fault)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return problems;
}

async function everyFault(): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const [call, count] of await countCalls()) {
    for (let n = 1; n <= count; n++) {
      faults.push({ call, n, what: "kill" });
      if (call === "write") faults.push({ call, n, what: "ENOSPC" }, { call, n, what: "EROFS" });
      else faults.push({ call, n, what: "EIO" });
    }
  }
  return faults;
}

const some: readonly Fault[] = [
  { call: "openat", n: 3, what: "kill" },
  { call: "write", n: 1, what: "kill" },
  { call: "write", n: 6, what: "kill" },
  { call: "fsync", n: 3, what: "kill" },
  { call: "unlink", n: 1, what: "kill" },
  { call: "write", n: 4, what: "ENOSPC" },
  { call: "fsync", n: 4, what: "EIO" },
];

test(`B2, B3: ${all ? "any" : "some"} write or sync of a recording is its process's last one, or fails: nothing is there, or all that was synced, readable and marked`, {
  timeout: 900_000,
  skip,
}, async () => {
  const faults = all ? await everyFault() : some;
  assert.deepEqual(await problemsOf(faults), []);
  if (all) console.log(`${faults.length} faults`);
  assert.ok(!all || faults.length > 100, `only ${faults.length} faults`);
});
