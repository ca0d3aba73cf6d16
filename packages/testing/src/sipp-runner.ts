import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { labFile, run } from "./programs.ts";

export interface SippOptions {
  /** Folder for scenario, traces and output. */
  readonly folder: string;
  /** Name of this run; prefix of its files. */
  readonly name: string;
  /** Scenario text, or a file. */
  readonly scenario: string | { readonly file: string };
  readonly port: number;
  readonly mediaPort?: number;
  readonly host?: string;
  /** Where a UAC sends; absent for a UAS. */
  readonly remote?: { readonly host: string; readonly port: number };
  readonly transport?: "udp" | "tcp";
  readonly calls?: number;
  readonly rate?: number;
  readonly limit?: number;
  readonly timeoutS?: number;
  readonly service?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Request-URI without `sip:` that the digest is made for; SIPp's own default is the address it sends to, which RFC 7616 3.4.6 lets no server take. */
  readonly authUri?: string;
  readonly args?: readonly string[];
  /** Keeps every message (`messages()`); off for load. */
  readonly traceMessages?: boolean;
}

/** How SIPp ended. */
export interface SippResult {
  /** 0: all calls succeeded. */
  readonly code: number | null;
  readonly successful: number;
  readonly failed: number;
  readonly errors: string;
}

let mediaPort = 46_000;
/** SIPp binds its media port and the one two above it, whether it uses them or not. */
function nextMediaPort(): number {
  mediaPort += 10;
  return mediaPort;
}

/** A SIPp that runs. */
export class SippRunner {
  readonly child: ChildProcess;
  readonly #folder: string;
  readonly #name: string;
  readonly #done: Promise<SippResult>;

  constructor(o: SippOptions) {
    mkdirSync(o.folder, { recursive: true });
    this.#folder = o.folder;
    this.#name = o.name;
    const file = typeof o.scenario === "string" ? join(o.folder, `${o.name}.xml`) : o.scenario.file;
    if (typeof o.scenario === "string") writeFileSync(file, o.scenario);
    const host = o.host ?? "127.0.0.1";
    const tcp = o.remote === undefined ? "t1" : "tn"; // a server takes connections, a client opens one per call
    const args = [
      "-sf",
      file,
      "-i",
      host,
      "-mi",
      host,
      "-p",
      String(o.port),
      "-nostdin",
      "-timeout",
      String(o.timeoutS ?? 60),
    ];
    args.push("-mp", String(o.mediaPort ?? nextMediaPort()), "-trace_err", "-error_file", this.#file("err"));
    args.push("-trace_stat", "-stf", this.#file("csv"), "-fd", "1");
    args.push("-t", o.transport === "tcp" ? tcp : "u1");
    if (o.transport === "tcp" && o.remote !== undefined) args.push("-max_socket", "1000");
    if (o.calls !== undefined) args.push("-m", String(o.calls));
    if (o.rate !== undefined) args.push("-r", String(o.rate));
    if (o.limit !== undefined) args.push("-l", String(o.limit));
    if (o.service !== undefined) args.push("-s", o.service);
    if (o.credentials !== undefined) args.push("-au", o.credentials.username, "-ap", o.credentials.password);
    if (o.authUri !== undefined) args.push("-auth_uri", o.authUri);
    if (o.traceMessages === true) args.push("-trace_msg", "-message_file", this.#file("msg"));
    args.push(...(o.args ?? []));
    if (o.remote !== undefined) args.push(`${o.remote.host}:${o.remote.port}`);
    this.child = spawn("sipp", args, { cwd: o.folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    this.child.stdout?.on("data", take);
    this.child.stderr?.on("data", take);
    this.#done = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code) =>
        resolve({ code, ...this.#statistics(), errors: this.#errors() + (code === 0 ? "" : output.slice(-3000)) }),
      );
    });
  }

  /** Resolves when all calls are over. */
  done(): Promise<SippResult> {
    return this.#done;
  }

  /** Lets running calls end and takes no new ones. */
  stop(): Promise<SippResult> {
    this.child.kill("SIGUSR1");
    return this.#done;
  }

  /** Ends it at once. */
  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** Everything sent and received, as SIPp wrote it; needs `traceMessages`. */
  messages(): string {
    return existsSync(this.#file("msg")) ? readFileSync(this.#file("msg"), "latin1") : "";
  }

  #file(kind: string): string {
    return join(this.#folder, `${this.#name}.${kind}`);
  }

  #errors(): string {
    return existsSync(this.#file("err")) ? readFileSync(this.#file("err"), "latin1").slice(0, 6000) : "";
  }

  #statistics(): { successful: number; failed: number } {
    if (!existsSync(this.#file("csv"))) return { successful: 0, failed: 0 };
    const lines = readFileSync(this.#file("csv"), "latin1").trim().split("\n");
    const names = lines[0]?.split(";") ?? [];
    const last = lines.at(-1)?.split(";") ?? [];
    const read = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
    return { successful: read("SuccessfulCall(C)"), failed: read("FailedCall(C)") };
  }
}

/** Scenario of a caller from `test/lab/sipp/mkuac.py`, e.g. `["auth", "dur=1000", "codec=u"]`. */
export function sippCaller(...options: readonly string[]): string {
  const text = run("python3", [labFile("sipp/mkuac.py"), ...options]);
  // RFC 3261 17.1.1.3: the ACK of a 401 has the branch of its INVITE, four messages before it; the generator gives it one of its own.
  const ack = options.includes("auth") ? text.indexOf("ACK sip:") : -1;
  return ack < 0 ? text : text.slice(0, ack) + text.slice(ack).replace("branch=[branch]", "branch=[branch-4]");
}

/** Scenario of a callee from `test/lab/sipp/mkuas.py`. */
export function sippCallee(...options: readonly string[]): string {
  return run("python3", [labFile("sipp/mkuas.py"), ...options]);
}
