import { cpus } from "node:os";

/** Microseconds of the machine's monotonic clock: the same in every process. */
export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Waiting times of one run, µs. */
export class Samples {
  readonly #values = new Float64Array(1_000_000);
  #count = 0;

  add(micros: number): void {
    if (this.#count === this.#values.length) return;
    this.#values[this.#count] = micros;
    this.#count += 1;
  }

  /** Count and percentiles; then it is empty. */
  take(): Spread {
    const sorted = this.#values.subarray(0, this.#count).toSorted();
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
    this.#count = 0;
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
  }
}

/** What became of `Samples`, µs. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

/** CPU seconds (all but idle) of the machine since its start. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** Open files that this process may have. */
export function openFiles(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}
