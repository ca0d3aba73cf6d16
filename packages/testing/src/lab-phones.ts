import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { baresipCommand } from "./baresip-control.ts";
import { labFile, type Ran, run } from "./programs.ts";
import { until } from "./role-http.ts";
import { talk } from "./system.ts";

export interface LabPhoneOptions {
  readonly folder: string;
  readonly user: string;
  readonly password: string;
  /** SIP port; the next one is taken by baresip's TLS. */
  readonly port: number;
  /** First of 100 RTP ports. */
  readonly rtpPort: number;
  readonly server: { readonly host: string; readonly port: number };
  /** 16-bit mono WAV that it plays over and over. */
  readonly play: string;
  readonly transport?: "udp" | "tcp";
  readonly codecs?: string;
  readonly answering?: "auto" | "early" | "manual";
}

/** A real phone from Debian that runs as a process of its own. */
export interface LabPhone {
  readonly user: string;
  readonly output: () => string;
  registered(): Promise<void>;
  quit(): Promise<void>;
}

function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
): { child: ChildProcess; output: () => string } {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  const take = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  return { child, output: () => text };
}

async function ended(child: ChildProcess, patienceMs: number): Promise<void> {
  await until(() => child.exitCode !== null || child.signalCode !== null, patienceMs);
  child.kill("SIGKILL");
}

/** baresip 1.0, steered through its control port. */
export class Baresip implements LabPhone {
  readonly user: string;
  readonly output: () => string;
  readonly #child: ChildProcess;
  readonly #control: number;

  constructor(o: LabPhoneOptions, control: number) {
    this.user = o.user;
    this.#control = control;
    const folder = join(o.folder, `baresip-${o.user}`);
    const outbound = `;outbound="sip:${o.server.host}:${o.server.port};transport=${o.transport ?? "udp"}"`;
    const account = `;auth_pass=${o.password};regint=60;answermode=${o.answering ?? "auto"}${outbound}${o.codecs === undefined ? "" : `;audio_codecs=${o.codecs}`}`;
    run(
      "bash",
      [
        labFile("bin/mkbaresip.sh"),
        folder,
        o.user,
        `127.0.0.1:${o.port}`,
        String(control),
        o.play,
        join(folder, "rec"),
        account,
        "sidetone.local",
      ],
      {
        env: { RTP_PORTS: `${o.rtpPort}-${o.rtpPort + 98}` },
      },
    );
    const started = start("baresip", ["-f", folder, "-s", "-v"], {}, folder);
    this.#child = started.child;
    this.output = started.output;
  }

  async registered(): Promise<void> {
    const good = await until(() => /200 OK|\[1 binding|registered/i.test(this.output()), 8000);
    if (!good) throw new Error(`baresip ${this.user} does not register:\n${this.output().slice(-3000)}`);
  }

  /** One command of its menu, e.g. `dial`, `hangup`, `hold`, `resume`, `sndcode`. */
  command(words: readonly string[], untilEvent?: string): Promise<Ran> {
    return baresipCommand(this.#control, words, untilEvent);
  }

  async dial(target: string): Promise<void> {
    const ran = await this.command(["dial", `sip:${target}@sidetone.local`], "CALL_ESTABLISHED");
    if (ran.code !== 0)
      throw new Error(`baresip ${this.user} gets no call:\n${ran.stdout}\n${this.output().slice(-3000)}`);
  }

  async quit(): Promise<void> {
    await this.command(["quit"]);
    await ended(this.#child, 2000);
  }
}

/** linphonec 5.1, steered through its standard input. Its password is always `secret`. */
export class Linphone implements LabPhone {
  readonly user: string;
  readonly output: () => string;
  readonly #child: ChildProcess;

  constructor(o: Omit<LabPhoneOptions, "password">) {
    this.user = o.user;
    const folder = join(o.folder, `linphone-${o.user}`);
    mkdirSync(folder, { recursive: true });
    const transport = o.transport ?? "udp";
    const proxy = `sip:${o.server.host}:${o.server.port}${transport === "udp" ? "" : `;transport=${transport}`}`;
    run(
      "bash",
      [labFile("bin/mklinphone.sh"), folder, o.user, String(o.port), String(o.rtpPort), proxy, transport, "none"],
      {
        env: { DOM: "sidetone.local", CODECS: o.codecs ?? "PCMU/8000 PCMA/8000" },
      },
    );
    const home = join(folder, "home");
    const args = [
      "-c",
      join(folder, "rc"),
      "-d",
      "6",
      "-l",
      join(folder, "log"),
      ...(o.answering === "auto" ? ["-a"] : []),
    ];
    const started = start("linphonec", args, { HOME: home, XDG_DATA_HOME: home }, folder);
    this.#child = started.child;
    this.output = started.output;
    void this.say("soundcard use files");
    void this.say(`play ${o.play}`);
  }

  /** One line of its command language; waits a moment for its effect. */
  async say(line: string, waitMs = 300): Promise<void> {
    this.#child.stdin?.write(`${line}\n`);
    await talk(waitMs);
  }

  async registered(): Promise<void> {
    // It prints nothing by itself while its output is no terminal: it has to be asked.
    const good = await until(async () => {
      await this.say("status register");
      return this.output().includes("registered, identity=");
    }, 8000);
    if (!good) throw new Error(`linphone ${this.user} does not register:\n${this.output().slice(-3000)}`);
  }

  async dial(target: string): Promise<void> {
    await this.say(`call sip:${target}@sidetone.local`);
    const good = await until(async () => {
      await this.say("calls");
      return /StreamsRunning|StreamsEstablished|LinphoneCallStreamsRunning/.test(this.output());
    }, 8000);
    if (!good) throw new Error(`linphone ${this.user} gets no call:\n${this.output().slice(-3000)}`);
  }

  async quit(): Promise<void> {
    await this.say("quit", 100);
    await ended(this.#child, 3000);
  }
}
