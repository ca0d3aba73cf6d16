import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's top folder. */
export const projectRoot: string = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** A file of `test/lab`. */
export function labFile(path: string): string {
  return join(projectRoot, "test/lab", path);
}

/** Full path of an installed program; `undefined` where there is none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What `test(name, { skip })` wants: the reason where a program is missing, else false. */
export function needs(...programs: readonly string[]): string | false {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? false : `not installed: ${missing.join(", ")}`;
}

/** True inside the network namespace that the test runner made. */
export const inNamespace: boolean = process.env["SIDETONE_TEST_NAMESPACE"] === "1";

/** Output of a program; throws with its standard error where it fails. */
export function run(
  program: string,
  args: readonly string[],
  o: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync(program, args, {
    cwd: o.cwd ?? projectRoot,
    env: { ...process.env, ...o.env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a program said and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without blocking the test's own phones; never throws for an exit code. */
export function runAsync(
  program: string,
  args: readonly string[],
  o: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly limitMs?: number } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: o.cwd ?? projectRoot,
      env: { ...process.env, ...o.env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(o.limitMs === undefined ? {} : { timeout: o.limitMs, killSignal: "SIGKILL" as const }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
