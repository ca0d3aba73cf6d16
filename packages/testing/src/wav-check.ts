import { labFile, run, runAsync } from "./programs.ts";

/** What a recording has to be. Times in ms unless they say seconds. */
export interface WavWish {
  /** Channel → frequency in Hz, `sound` or `silence`. */
  readonly expect?: Readonly<Record<number, number | "sound" | "silence">>;
  readonly maxGapMs?: number;
  readonly maxSplices?: number;
  readonly minSeconds?: number;
  readonly maxSeconds?: number;
  readonly maxCrosstalkDb?: number;
  readonly maxOnsetSkewMs?: number;
  /** Channel → reference (`wire.wav#0`). */
  readonly references?: Readonly<Record<number, string>>;
  readonly maxRefSkewMs?: number;
  readonly maxLostMs?: number;
  readonly strictHeader?: boolean;
}

/** What `test/lab/bin/wavcheck.mjs` reports, as far as tests read it. */
export interface WavReport {
  readonly [name: string]: unknown;
}

function options(wish: WavWish): string[] {
  const args: string[] = [];
  const put = (name: string, value: number | undefined): void => {
    if (value !== undefined) args.push(name, String(value));
  };
  for (const [channel, what] of Object.entries(wish.expect ?? {})) args.push("--expect", `${channel}=${what}`);
  for (const [channel, file] of Object.entries(wish.references ?? {})) args.push("--ref", `${channel}=${file}`);
  put("--max-gap", wish.maxGapMs);
  put("--max-splices", wish.maxSplices);
  put("--min-dur", wish.minSeconds);
  put("--max-dur", wish.maxSeconds);
  put("--max-crosstalk", wish.maxCrosstalkDb);
  put("--max-onset-skew", wish.maxOnsetSkewMs);
  put("--max-ref-skew", wish.maxRefSkewMs);
  put("--max-lost", wish.maxLostMs);
  if (wish.strictHeader === true) args.push("--strict-header");
  return args;
}

/**
 * How wavcheck is run. It ends by `process.exit`, and Node 24.21 hangs there for ever when one of V8's threads is at work just
 * then (seen in about one run of a hundred, and less often without compiler threads alone): so V8 gets no threads.
 */
const wavcheck = ["--single-threaded", labFile("bin/wavcheck.mjs")];
/** Should it hang all the same it is asked once more, ms. */
const HUNG_MS = 30_000;

/** Runs wavcheck; throws with all that it says where a wish is not met. */
async function ask(file: string, wish: WavWish, ...more: readonly string[]): Promise<string> {
  const args = [...wavcheck, file, ...options(wish), ...more];
  const first = await runAsync(process.execPath, args, { limitMs: HUNG_MS });
  const ran = first.code === null ? await runAsync(process.execPath, args, { limitMs: HUNG_MS }) : first;
  if (ran.code !== 0) throw new Error(`${file} is not as wished:\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

/** Measures a WAV file; throws with the whole report where a wish is not met. */
export function checkWav(file: string, wish: WavWish): Promise<string> {
  return ask(file, wish);
}

/** A channel against its reference. */
export interface WavComparison {
  /** How much of the channel was found in the reference. */
  readonly coveredSeconds: number;
  /** How much later than in the reference each stretch of it is (negative: sooner). */
  readonly offsetsMs: readonly number[];
}

/** The same, and how each channel compares with its reference; undefined for one without. */
export async function compareWav(file: string, wish: WavWish): Promise<readonly (WavComparison | undefined)[]> {
  const report = JSON.parse(await ask(file, wish, "--json")) as {
    readonly ch: readonly {
      readonly ref?: { readonly covered_s: number; readonly segments: readonly { readonly ref_offset_ms: number }[] };
    }[];
  };
  return report.ch.map(({ ref }) =>
    ref === undefined
      ? undefined
      : { coveredSeconds: ref.covered_s, offsetsMs: ref.segments.map((segment) => -segment.ref_offset_ms) },
  );
}

/** The measurements as an object. */
export function measureWav(file: string): WavReport {
  const parsed: unknown = JSON.parse(run(process.execPath, [...wavcheck, file, "--json"]));
  return parsed as WavReport;
}
