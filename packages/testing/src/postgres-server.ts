import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findProgram, run } from "./programs.ts";

/** Oldest version that the index is tested with. */
const OLDEST = 15;

/** Folder of the newest server's programs; undefined where there is none. */
function programFolder(): string | undefined {
  const versions = globSync("/usr/lib/postgresql/*/bin/initdb").map((path) => Number(path.split("/")[4]));
  const newest = Math.max(0, ...versions.filter((n) => n >= OLDEST));
  return newest === 0 ? undefined : `/usr/lib/postgresql/${newest}/bin`;
}

/** The reason why no PostgreSQL server can be started here, as `test(name, { skip })` wants it. */
export function needsPostgres(): string | false {
  if (programFolder() === undefined) return `not installed: postgresql, version ${OLDEST} or newer`;
  return findProgram("setpriv") === undefined ? "not installed: setpriv (util-linux)" : false;
}

/** A PostgreSQL server of its own: in a folder of its own, on a Unix socket only, and fast rather than safe. It dies with this process. */
export class PostgresServer {
  readonly #folder: string;
  readonly #programs: string;
  #process: ChildProcess | undefined;

  /** Makes its files and starts it; takes about two seconds. */
  static async start(): Promise<PostgresServer> {
    const programs = programFolder();
    if (programs === undefined) throw new Error("PostgreSQL is not installed");
    const server = new PostgresServer(programs);
    await server.start();
    return server;
  }

  private constructor(programs: string) {
    this.#programs = programs;
    this.#folder = mkdtempSync(join(tmpdir(), "sidetone-pg-"));
    mkdirSync(this.#data);
    if (process.getuid?.() === 0) {
      const [uid, gid] = ["-u", "-g"].map((flag) => Number(run("id", [flag, "postgres"]).trim()));
      for (const path of [this.#folder, this.#data]) chownSync(path, uid ?? 0, gid ?? 0);
    }
    this.#run(
      "initdb",
      "-D",
      this.#data,
      "-U",
      "postgres",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    );
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  /** Starts it again after `stop`, and waits until it serves. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    const settings = [
      "fsync=off",
      "synchronous_commit=off",
      "full_page_writes=off",
      "lc_messages=C",
      "max_connections=40",
    ];
    const [program = "", ...args] = this.#asOwner(
      join(this.#programs, "postgres"),
      ["-D", this.#data, "-k", this.#folder, "-h", "", ...settings.flatMap((s) => ["-c", s])],
      ["--pdeathsig", "QUIT"],
    );
    const child = spawn(program, args, { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    const said: string[] = [];
    const ready = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        if (line.includes("ready to accept connections")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`PostgreSQL ended with ${code}:\n${said.slice(-20).join("\n")}`)));
    });
    await ready;
  }

  /** Ends it as a crash would: connections break, what was committed stays. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGQUIT");
    await once(child, "exit");
  }

  /** Makes an empty database and gives its URL. @param name letters and digits */
  createDatabase(name: string): string {
    this.#run("createdb", "-h", this.#folder, "-U", "postgres", name);
    return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** Carries out SQL in a database; gives what it prints. */
  sql(database: string, text: string): string {
    return this.#run("psql", "-h", this.#folder, "-U", "postgres", "-d", database, "-Atc", text);
  }

  /** Ends it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.stop();
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true });
  }

  #run(program: string, ...args: string[]): string {
    const [first = "", ...rest] = this.#asOwner(join(this.#programs, program), args, []);
    return run(first, rest, { cwd: "/" });
  }

  /** PostgreSQL refuses to run as root. */
  #asOwner(program: string, args: readonly string[], flags: readonly string[]): string[] {
    const owner = process.getuid?.() === 0 ? ["--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
    return ["setpriv", ...owner, ...flags, program, ...args];
  }
}
