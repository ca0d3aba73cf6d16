import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errorText, fail, ok, type Result } from "@sidetone/foundation";
import { type Document, LineCounter, type Node, parseDocument } from "yaml";
import { crossCheck, type EphemeralPorts } from "./cross-checks.ts";
import { maxFileBytes } from "./limits.ts";
import type { ConfigMistake } from "./mistake.ts";
import { Reading, type Surroundings } from "./reading.ts";
import { consoleSection } from "./sections/console.ts";
import { mediaServer } from "./sections/media-server.ts";
import { recorder } from "./sections/recorder.ts";
import { resourceManager } from "./sections/resource-manager.ts";
import { sipServer } from "./sections/sip-server.ts";
import { object, optional } from "./shapes.ts";
import type { SidetoneConfig } from "./types.ts";
import { yamlMistakes } from "./yaml-mistakes.ts";

/** What the check of a file depends on besides the file; everything has the machine's own as its default. */
export interface LoadOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Reads the files of `{ file: PATH }`; throws where it cannot. */
  readonly readFile?: (path: string) => string;
  readonly ephemeralPorts?: EphemeralPorts;
  /** The secret that `maskedSecret` at a path stands for: a text is checked that was shown with masks. */
  readonly unchanged?: (path: string) => string | undefined;
}

/** A file as far as it could be read. */
export interface ReadConfig {
  readonly result: Result<SidetoneConfig, ConfigMistake[]>;
  readonly warnings: readonly ConfigMistake[];
  /** Undefined: it is not YAML. */
  readonly structure: { readonly document: Document; readonly reading: Reading } | undefined;
}

const sections = object({
  "sip-server": optional(sipServer),
  "resource-manager": optional(resourceManager),
  "media-server": optional(mediaServer),
  recorder: optional(recorder),
  console: optional(consoleSection),
});

/** Reads and checks a configuration file. All its mistakes come at once, in the order of their lines. */
export function loadConfig(path: string, options: LoadOptions = {}): Result<SidetoneConfig, ConfigMistake[]> {
  const whole = (message: string, remedy?: string): Result<SidetoneConfig, ConfigMistake[]> => {
    const mistake = { file: path, line: 1, column: 1, path: "", message };
    return fail([remedy === undefined ? mistake : { ...mistake, remedy }]);
  };
  try {
    if (statSync(path).size > maxFileBytes) return whole(`is larger than ${maxFileBytes} bytes.`);
    return parseConfig(readFileSync(path, "utf8"), path, options);
  } catch (error) {
    return whole(`cannot be read: ${errorText(error)}.`, "Name another with --config FILE.");
  }
}

/** Like `loadConfig`, for a text that is called `file`. */
export function parseConfig(
  text: string,
  file: string,
  options: LoadOptions = {},
): Result<SidetoneConfig, ConfigMistake[]> {
  return readConfig(text, file, options).result;
}

/** Like `parseConfig`, with what was read on the way. */
export function readConfig(text: string, file: string, options: LoadOptions): ReadConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return { result: fail(yamlMistakes(document.errors, file, lines)), warnings: [], structure: undefined };
  }
  const around: Surroundings = {
    env: options.env ?? process.env,
    readFile: options.readFile ?? ((path) => readFileSync(path, "utf8")),
    folder: resolve(dirname(file)),
    unchanged: options.unchanged,
  };
  const reading = new Reading(file, document, lines, around);
  return {
    result: checked(document, file, reading, options),
    warnings: reading.warnings,
    structure: { document, reading },
  };
}

function checked(
  document: Document,
  file: string,
  reading: Reading,
  options: LoadOptions,
): Result<SidetoneConfig, ConfigMistake[]> {
  const value = sections({ node: document.contents as Node | null, path: "", depth: 0 }, reading);
  if (value === undefined) return fail(inOrder(reading.mistakes));
  const config: SidetoneConfig = {
    file,
    sipServer: value["sip-server"],
    resourceManager: value["resource-manager"],
    mediaServer: value["media-server"],
    recorder: value.recorder,
    console: value.console,
    warnings: reading.warnings,
  };
  crossCheck(config, reading, "ephemeralPorts" in options ? options.ephemeralPorts : kernelEphemeralPorts());
  return reading.mistakes.length > 0 ? fail(inOrder(reading.mistakes)) : ok(config);
}

function inOrder(mistakes: readonly ConfigMistake[]): ConfigMistake[] {
  return mistakes.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function kernelEphemeralPorts(): EphemeralPorts {
  try {
    const [min, max] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/).map(Number);
    return min === undefined || max === undefined ? undefined : { min, max };
  } catch {
    return undefined; // not Linux
  }
}
