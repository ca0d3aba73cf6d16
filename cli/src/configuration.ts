import { existsSync } from "node:fs";
import { type ConfigMistake, formatMistake, loadConfig, type SidetoneConfig } from "@sidetone/config";
import { SidetoneError } from "@sidetone/foundation";

/** The configuration file when nothing else is said. */
const defaultFile = "sidetone.yaml";

/** The file that `--config` names, else the environment variable `SIDETONE_CONFIG`, else `sidetone.yaml` in the current folder. */
export function configFile(option: string | undefined): string {
  return option ?? process.env["SIDETONE_CONFIG"] ?? defaultFile;
}

/** Reads the configuration. @throws SidetoneError `bad-configuration` (exit 1) with every mistake in its message. */
export function readConfig(option: string | undefined): SidetoneConfig {
  const file = configFile(option);
  if (!existsSync(file)) {
    throw new SidetoneError("bad-configuration", `There is no file ${file}.`, {
      exit: 1,
      remedy:
        "Name the configuration with --config FILE or SIDETONE_CONFIG; the project's sidetone.yaml is an example.",
    });
  }
  const result = loadConfig(file);
  if (result.ok) return result.value;
  throw new SidetoneError("bad-configuration", mistakeReport(file, result.error), { exit: 1 });
}

/** Every mistake on a line of its own, and how many there are. */
export function mistakeReport(file: string, mistakes: readonly ConfigMistake[]): string {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return [...mistakes.map(formatMistake), `${file}: ${count}.`].join("\n");
}
