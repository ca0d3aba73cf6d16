// Network namespaces for parts of a topology, on one bridge: a part's cable can be pulled.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { inNamespace, needs, run, until } from "@sidetone/testing";

/** Address of the test itself, and of every part that has no namespace of its own. */
export const HOME = "10.66.0.1";
const BRIDGE = "faults0";

/** Why namespaces are not to be had here; false where they are. */
export function noNamespaces(): string | false {
  const missing = needs("unshare", "nsenter", "ip");
  if (missing !== false) return missing;
  if (!inNamespace) return "needs the runner's network namespace";
  const tried = spawnSync("unshare", ["--net", "ip", "link", "add", "faults1", "type", "bridge"], { timeout: 5000 });
  return tried.status === 0 ? false : "no right to make a bridge in a network namespace";
}

/** Cables between a bridge and the namespaces of parts. */
export class Cables {
  readonly #parts = new Map<string, { readonly host: string; readonly link: string; readonly holder: ChildProcess }>();

  private constructor() {
    // made by `lay`
  }

  /** A namespace for each name, with the address 10.66.0.2 and those after it. */
  static async lay(names: readonly string[]): Promise<Cables> {
    const cables = new Cables();
    run("ip", ["link", "add", BRIDGE, "type", "bridge"]);
    run("ip", ["addr", "add", `${HOME}/24`, "dev", BRIDGE]);
    run("ip", ["link", "set", BRIDGE, "up"]);
    for (const [n, name] of names.entries()) await cables.#add(name, n);
    return cables;
  }

  hostOf(name: string): string {
    return this.#parts.get(name)?.host ?? HOME;
  }

  /** Words that start a part in its namespace; the program becomes the part's own. */
  wrap(name: string): readonly string[] {
    const pid = this.#parts.get(name)?.holder.pid;
    return pid === undefined ? [] : ["nsenter", `--net=/proc/${pid}/ns/net`];
  }

  /** Pulls the cable: nothing comes through any more, and nobody is told. */
  cut(name: string): void {
    run("ip", ["link", "set", this.#link(name), "nomaster"]);
  }

  mend(name: string): void {
    run("ip", ["link", "set", this.#link(name), "master", BRIDGE]);
  }

  /** For `after`. */
  remove(): void {
    for (const { holder, link } of this.#parts.values()) {
      spawnSync("ip", ["link", "del", link]);
      holder.kill("SIGKILL");
    }
    spawnSync("ip", ["link", "del", BRIDGE]);
  }

  #link(name: string): string {
    const part = this.#parts.get(name);
    if (part === undefined) throw new Error(`${name} has no cable`);
    return part.link;
  }

  async #add(name: string, n: number): Promise<void> {
    const holder = spawn("unshare", ["--net", "sleep", "3600"], { stdio: "ignore" });
    const inside = ["--net=" + `/proc/${holder.pid}/ns/net`];
    const own = spawnSync("readlink", ["/proc/self/ns/net"], { encoding: "utf8" }).stdout;
    const apart = await until(
      () => spawnSync("readlink", [`/proc/${holder.pid}/ns/net`], { encoding: "utf8" }).stdout !== own,
      5000,
    );
    if (!apart) throw new Error("no network namespace");
    const host = `10.66.0.${n + 2}`;
    const link = `faults0v${n}`;
    this.#parts.set(name, { host, link, holder });
    run("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", String(holder.pid)]);
    run("ip", ["link", "set", link, "master", BRIDGE, "up"]);
    run("nsenter", [...inside, "ip", "addr", "add", `${host}/24`, "dev", "eth0"]);
    run("nsenter", [...inside, "ip", "link", "set", "eth0", "up"]);
    run("nsenter", [...inside, "ip", "link", "set", "lo", "up"]);
  }
}
