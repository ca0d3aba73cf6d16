import { formatMistake, loadConfig } from "@sidetone/config";
import { mistakeReport } from "./configuration.ts";
import { exitCodes } from "./exit-codes.ts";
import { chooseRoles } from "./roles.ts";

/** Where text for the reader goes: standard output, standard error. */
export interface Voice {
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** `sidetone check-config FILE`: every mistake and warning. Gives the exit code. */
export function checkConfig(file: string, voice: Voice): number {
  const result = loadConfig(file);
  if (!result.ok) {
    voice.complain(mistakeReport(file, result.error));
    return exitCodes.failed;
  }
  for (const warning of result.value.warnings ?? []) voice.complain(`warning: ${formatMistake(warning)}`);
  const roles = chooseRoles([], result.value);
  voice.say(`${file}: no mistakes. Roles: ${roles.length === 0 ? "none" : roles.join(", ")}.`);
  return exitCodes.ok;
}
