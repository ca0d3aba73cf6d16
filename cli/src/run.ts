import { errorText, SidetoneError } from "@sidetone/foundation";
import { CommanderError } from "commander";
import type { Voice } from "./check-config.ts";
import { exitCodes } from "./exit-codes.ts";
import { buildProgram, commanderExit, type Outcome } from "./program.ts";

/** Runs a command line, e.g. `["check-config", "x.yaml"]`. Gives the exit code; never throws. */
export async function run(args: readonly string[], voice: Voice): Promise<number> {
  const outcome: Outcome = { code: exitCodes.ok };
  const program = buildProgram(voice, outcome);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.failed;
    }
    await program.parseAsync(Array.from(args), { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return commanderExit(error.exitCode);
    if (error instanceof SidetoneError) {
      voice.complain(error.remedy === undefined ? error.message : `${error.message}\n${error.remedy}`);
      return error.exit ?? exitCodes.failed;
    }
    voice.complain(error instanceof Error && error.stack !== undefined ? error.stack : errorText(error));
    return exitCodes.failed;
  }
}
