import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startSystem } from "@sidetone/testing";
import { connect, type TlibClient } from "@sidetone/tlib/client";
import type { Ends } from "./ends.ts";

/** What is measured: where it listens, what is dialled, what it uses. */
export interface Subject {
  readonly port: number;
  readonly dialled: string;
  /** CPU of all its processes so far, seconds. */
  cpuSeconds(): number;
  residentBytes(): number;
  stop(): Promise<void>;
}

const TICKS = 100; // sysconf(_SC_CLK_TCK) on Linux
const PAGE = 4096;

/** Process and descendants. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`, { withFileTypes: true }).flatMap(({ name }) =>
    readFileSync(`/proc/${pid}/task/${name}/children`, "utf8").trim().split(" "),
  );
  return [pid, ...children.filter((one) => one !== "").flatMap((one) => family(Number(one)))];
}

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function usage(pids: readonly number[]): { readonly cpuSeconds: number; readonly residentBytes: number } {
  let ticks = 0;
  let pages = 0;
  for (const pid of pids) {
    const fields = statOf(pid);
    ticks += Number(fields[11]) + Number(fields[12]);
    pages += Number(fields[21]);
  }
  return { cpuSeconds: ticks / TICKS, residentBytes: pages * PAGE };
}

/** On a core of its own where there are two. */
function pin(pids: readonly number[]): void {
  if (availableParallelism() < 2) return;
  for (const pid of pids) spawnSync("taskset", ["-acp", "0", String(pid)], { stdio: "ignore" });
  spawnSync("taskset", ["-acp", "1", String(process.pid)], { stdio: "ignore" });
}

/** Whether Kamailio is installed. */
export function kamailioIsThere(): boolean {
  return spawnSync("kamailio", ["-v"], { stdio: "ignore" }).status === 0;
}

/** Kamailio as a stateful, record-routing proxy that sends every call to the phone. */
export async function kamailio(folder: string, ends: Ends): Promise<Subject> {
  const port = 45_060;
  const file = join(folder, "kamailio.cfg");
  writeFileSync(
    file,
    `#!KAMAILIO
debug=0
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:127.0.0.1:${port}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    sl_send_reply("404", "Not Found");
    exit;
  }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  record_route();
  $ru = "sip:7001@127.0.0.1:${ends.phonePort}";
  t_relay();
}
`,
  );
  const child = spawn(
    "kamailio",
    ["-f", file, "-DD", "-E", "-m", "128", "-M", "16", "-w", folder, "-P", join(folder, "pid")],
    {
      stdio: "ignore",
    },
  );
  await listening(child, port);
  const pids = family(child.pid ?? 0);
  pin(pids);
  return {
    port,
    dialled: "7001",
    cpuSeconds: () => usage(pids).cpuSeconds,
    residentBytes: () => usage(pids).residentBytes,
    stop: async () => {
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (let n = 0; n < 100; n += 1) {
    if (readFileSync("/proc/net/udp", "utf8").includes(`:${hex} `)) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    "Kamailio does not run: try it by hand with the configuration that bench/call-attempts/subjects.ts writes",
  );
}

/** Sidetone: `direct` and `routed` with SIP Server's role alone, `recorded` with all five in one process. */
export async function sidetone(folder: string, ends: Ends, kind: string): Promise<Subject> {
  const recorded = kind === "recorded";
  const system = await startSystem({
    mode: "one-process",
    ...(recorded ? {} : { roles: ["sip-server"] }),
    config: {
      "sip-server": {
        "sip-journal": null,
        ...(recorded ? {} : { "resource-manager": null }),
        dns: {
          gateway: { type: "trunk", contact: `sip:127.0.0.1:${ends.gatewayPort}` },
          "7001": { type: "extension", contact: `sip:127.0.0.1:${ends.phonePort}`, record: recorded },
          "8000": { type: "routing-point", "default-destination": "7001" },
        },
        applications: {
          strategy: { password: "demo-strategy", grants: [{ dns: "*", rights: ["monitor", "route"] }] },
        },
      },
    },
  });
  const strategy =
    kind === "direct" ? undefined : await routing(`${system.http("sip-server").replace("http", "ws")}/tlib/v1`);
  const pids = family(system.processes[0]?.pid ?? 0);
  pin(pids);
  void folder;
  return {
    port: system.ports.sip,
    dialled: kind === "direct" ? "7001" : "8000",
    cpuSeconds: () => usage(pids).cpuSeconds,
    residentBytes: () => usage(pids).residentBytes,
    stop: async () => {
      await strategy?.close();
      await system.stop().finally(() => system.dispose());
    },
  };
}

/** A strategy that sends every call to 7001. */
async function routing(url: string): Promise<TlibClient> {
  const client = await connect({ url, applicationName: "strategy", applicationPassword: "demo-strategy" });
  await client.register("8000");
  client.on("EventRouteRequest", ({ attributes: { ConnID } }) => {
    client.routeCall({ ThisDN: "8000", ConnID, OtherDN: "7001", RouteType: "Direct" }).catch(() => undefined);
  });
  void (async () => {
    for await (const event of client.events()) void event;
  })();
  return client;
}
