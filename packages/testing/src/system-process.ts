import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readdirSync, readFileSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./programs.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the signal to the end, ms. */
  readonly tookMs: number;
}

/** One `sidetone ...` in a process group of its own, with its output kept. */
export class SystemProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
  stdout = "";
  stderr = "";
  readonly #log: WriteStream;
  readonly #exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #ended = false;

  /** Starts the binary itself, never npm: signals must reach it once. */
  constructor(
    name: string,
    args: readonly string[],
    o: {
      readonly cwd: string;
      readonly env: NodeJS.ProcessEnv;
      readonly logFile: string;
      /** Command words in front, of programs that become the next one (`nsenter`): signals go to the binary. */
      readonly wrap?: readonly string[];
    },
  ) {
    this.name = name;
    this.logFile = o.logFile;
    this.#log = createWriteStream(o.logFile);
    const binary = process.env["SIDETONE_TEST_BINARY"] ?? join(projectRoot, "cli/bin/sidetone");
    const [program = binary, ...words] = [...(o.wrap ?? []), binary, ...args];
    this.child = spawn(program, words, {
      cwd: o.cwd,
      env: { ...process.env, ...o.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#log.write(chunk);
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#log.write(chunk);
    });
    this.#exited = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.#ended = true;
        this.#log.end();
        resolve({ code, signal });
      });
    });
  }

  get running(): boolean {
    return !this.#ended;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves when the process has ended by itself. */
  async exit(): Promise<Exit> {
    const from = performance.now();
    return { ...(await this.#exited), tookMs: performance.now() - from };
  }

  /** Sends a signal and waits for the end; after `patienceMs` the group is killed and the exit says SIGKILL. */
  async stop(signal: NodeJS.Signals = "SIGINT", patienceMs = 10_000): Promise<Exit> {
    const from = performance.now();
    if (!this.#ended) this.child.kill(signal);
    const timer = setTimeout(() => this.killGroup(), patienceMs);
    const exit = await this.#exited;
    clearTimeout(timer);
    return { ...exit, tookMs: performance.now() - from };
  }

  /** `kill -9` to everything the process started. */
  killGroup(): void {
    this.signalGroup("SIGKILL");
  }

  /** A signal to everything the process started: `SIGSTOP` freezes it, `SIGCONT` lets it go on. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // it is gone already
    }
  }

  /** Processes of the group that are still there: none after a clean stop. */
  leftovers(): string[] {
    return readdirSync("/proc").filter((entry) => {
      if (!/^\d+$/.test(entry)) return false;
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return fields[2] === String(this.pid) && fields[0] !== "Z";
      } catch {
        return false;
      }
    });
  }
}

/**
 * Stops processes with a signal, one after another in the order given, or `atOnce`, as a machine that shuts down does. Throws
 * where an exit code is not 0, a process needed more than 5 s, or a child is left.
 */
export async function stopInTurn(
  processes: readonly SystemProcess[],
  signal: NodeJS.Signals = "SIGINT",
  o: { readonly atOnce?: boolean } = {},
): Promise<Exit[]> {
  const exits: Exit[] = [];
  if (o.atOnce === true) exits.push(...(await Promise.all(processes.map((process) => process.stop(signal)))));
  else for (const process of processes) exits.push(await process.stop(signal));
  const problems = exits.flatMap((exit, index) => {
    const process = processes[index];
    const name = process?.name ?? "?";
    const left = process?.leftovers() ?? [];
    const found: string[] = [];
    if (exit.code !== 0) found.push(`${name}: exit code ${exit.code} (${exit.signal ?? "no signal"})`);
    if (exit.tookMs > 5000) found.push(`${name}: needed ${Math.round(exit.tookMs)} ms to stop`);
    if (left.length > 0) found.push(`${name}: processes left: ${left.join(", ")}`);
    return found;
  });
  if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${outputOf(processes).slice(-6000)}`);
  return exits;
}

/** What processes wrote, each under its name. */
export function outputOf(processes: readonly SystemProcess[]): string {
  return processes.map((process) => `--- ${process.name}\n${process.stdout}${process.stderr}`).join("\n");
}
