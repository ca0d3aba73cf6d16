import { resolve } from "node:path";
import { errorText } from "@sidetone/foundation";
import { isMap, isScalar } from "yaml";
import { maskedSecret } from "./credentials.ts";
import { maxDurationMs } from "./limits.ts";
import { nearestName } from "@sidetone/foundation";
import { type At, kindOf, type Reader, type Reading, writtenAs } from "./reading.ts";
import { object, required } from "./shapes.ts";

/** Text that is not empty. A number must be quoted, so that nothing is lost of 0700 or 1e3. */
export const text: Reader<string> = (at, reading) => {
  const node = reading.scalar(at);
  if (!isScalar(node) || typeof node.value !== "string") {
    const quoted = isScalar(node) && node.value !== null ? `Put it in quotes: "${writtenAs(node)}".` : undefined;
    return reading.complain(at, `must be text, not ${kindOf(node)}.`, quoted);
  }
  if (node.value === "") return reading.complain(at, "must not be empty.");
  return node.value;
};

/** true or false. */
export const flag: Reader<boolean> = (at, reading) => {
  const node = reading.scalar(at);
  if (isScalar(node) && typeof node.value === "boolean") return node.value;
  const written = isScalar(node) && typeof node.value === "string" ? node.value : undefined;
  const meant = written === undefined ? undefined : alsoCalled.get(written.toLowerCase());
  return reading.complain(
    at,
    `must be true or false, not ${written === undefined ? kindOf(node) : JSON.stringify(written.slice(0, 40))}.`,
    meant === undefined ? undefined : `Write ${meant}.`,
  );
};

const alsoCalled = new Map([
  ["yes", true],
  ["on", true],
  ["true", true],
  ["no", false],
  ["off", false],
  ["false", false],
]);

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Reader<number> {
  return (at, reading) => {
    const node = reading.scalar(at);
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      return reading.complain(at, `must be a whole number from ${min} to ${max}, not ${kindOf(node)}.`);
    }
    if (value < min || value > max) return reading.complain(at, `must be from ${min} to ${max}, not ${value}.`);
    return value;
  };
}

/** One of some names. */
export function oneOf<const T extends string>(names: readonly T[]): Reader<T> {
  return (at, reading) => {
    const node = reading.scalar(at);
    // YAML reads a bare `off` as text, but people also write false.
    const value = isScalar(node) ? writtenAs(node) : undefined;
    const found = names.find((n) => n === value);
    if (found !== undefined) return found;
    const near = value === undefined ? undefined : nearestName(value, names);
    const hint = near === undefined ? undefined : `Did you mean "${near}"?`;
    const shown = value === undefined ? kindOf(node) : `"${value}"`;
    return reading.complain(at, `must be one of ${names.join(", ")}, not ${shown}.`, hint);
  };
}

const durationUnits = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** A time with its unit, `500ms`, `10s`, `5m`, `2h`, `1d`; gives ms. */
export function duration(minMs: number, maxMs = maxDurationMs): Reader<number> {
  return (at, reading) => {
    const parsed = withUnit(at, reading, durationUnits, "a time with its unit, such as 500ms, 10s, 5m or 2h");
    if (parsed === undefined) return undefined;
    const ms = Math.round(parsed);
    if (ms < minMs || ms > maxMs) {
      return reading.complain(at, `must be from ${formatDuration(minMs)} to ${formatDuration(maxMs)}.`);
    }
    return ms;
  };
}

/** A time in ms as the file would have it. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms !== 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

const sizeUnits = new Map([
  ["B", 1],
  ["kB", 1000],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
  ["TiB", 1024 ** 4],
]);

/** A number of bytes with its unit, `500MB`, `2GiB`; gives bytes. */
export const size: Reader<number> = (at, reading) => {
  const bytes = withUnit(at, reading, sizeUnits, "a size with its unit, such as 500MB or 2GiB");
  return bytes === undefined ? undefined : Math.round(bytes);
};

function withUnit(at: At, reading: Reading, units: ReadonlyMap<string, number>, what: string): number | undefined {
  const node = reading.scalar(at);
  const written = isScalar(node) ? writtenAs(node).trim() : "";
  let end = 0;
  while (end < written.length && "0123456789.".includes(written.charAt(end))) end++;
  const unit = units.get(written.slice(end).trim());
  const value = end === 0 ? Number.NaN : Number(written.slice(0, end));
  if (Number.isNaN(value)) return reading.complain(at, `must be ${what}, not ${kindOf(node)}.`);
  if (unit === undefined) {
    const missing = written.slice(end).trim() === "";
    return reading.complain(
      at,
      missing ? `"${written}" lacks its unit.` : `must be ${what}, not "${written}".`,
      `Units: ${Array.from(units.keys()).join(", ")}.`,
    );
  }
  return value * unit;
}

const secretFromFile = object({ file: required(text) });
const secretFromEnvironment = object({ env: required(text) });

/** Text that should not stand in the file: itself, `{ file: PATH }` (last line break dropped) or `{ env: NAME }`. */
export const secret: Reader<string> = (at, reading) => {
  const node = reading.resolve(at);
  if (isScalar(node)) {
    reading.hidden.add(node);
    // Not by `text`, which would quote it.
    if (node.value !== null && typeof node.value !== "string") {
      return reading.complain(at, "must be text.", "Put it in quotes.");
    }
  }
  const written = isMap(node) ? secretElsewhere(at, reading, node.has("env")) : text(at, reading);
  const value = written === undefined ? undefined : unmasked(written, at, reading);
  if (value !== undefined) reading.secrets.push({ path: at.path, value });
  return value;
};

/** The secret that a mask stands for; any other value is itself. */
export function unmasked(value: string, at: At, reading: Reading): string | undefined {
  if (value !== maskedSecret) return value;
  return (
    reading.around.unchanged?.(at.path) ??
    reading.complain(
      at,
      "is masked, and there is no secret that it stands for.",
      "Write the secret itself, or { file: PATH } or { env: NAME }.",
    )
  );
}

function secretElsewhere(at: At, reading: Reading, fromEnvironment: boolean): string | undefined {
  if (fromEnvironment) {
    const name = secretFromEnvironment(at, reading)?.env;
    if (name === undefined) return undefined;
    const value = reading.around.env[name];
    if (value === undefined || value === "")
      return reading.complain(at, `the environment variable ${name} is not set.`);
    return value;
  }
  const path = secretFromFile(at, reading)?.file;
  if (path === undefined) return undefined;
  const full = resolve(reading.around.folder, path);
  try {
    const value = reading.around.readFile(full).replace(/\r?\n$/, "");
    return value === "" ? reading.complain(at, `the file ${full} is empty.`) : value;
  } catch (error) {
    return reading.complain(at, `the file ${full} cannot be read: ${errorText(error)}.`);
  }
}

/** A path; a relative one starts at the folder of the configuration file. Gives an absolute path. */
export const filePath: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  return value === undefined ? undefined : resolve(reading.around.folder, value);
};
