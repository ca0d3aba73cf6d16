import { spawnSync } from "node:child_process";

/** How a test file is kept apart from the rest of the machine. */
export interface Isolation {
  /** Command words in front of the test's own; none where namespaces are not to be had. */
  readonly wrap: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What the reader should know; empty where all is well. */
  readonly note: string;
}

const prepare = [
  // SIOCSIFFLAGS by perl, which every Debian has, where iproute2 is not installed
  `ip link set lo up 2>/dev/null || perl -e 'socket(S,2,2,0) && do { $r=pack("a16sx22","lo",0x49); ioctl(S,0x8914,$r) } || exit 9' || exit 9`,
  // phones and parts use fixed ports below; ephemeral ones must not take them
  "echo 50000 60999 > /proc/sys/net/ipv4/ip_local_port_range 2>/dev/null || true",
];
const script = [...prepare, 'exec "$@"'].join("; ");

const candidates: readonly (readonly string[])[] = [
  ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"],
  ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"],
  ["unshare", "--user", "--map-root-user", "--net"],
];

/** Finds the best namespace that this machine allows: root's, an unprivileged user's, or none. */
export function isolation(): Isolation {
  for (const candidate of candidates) {
    const wrap = [...candidate, "sh", "-c", script, "sidetone-test"];
    const [program = "", ...args] = wrap;
    const tried = spawnSync(program, [...args, "true"], { stdio: "ignore", timeout: 5000 });
    if (tried.status === 0) return { wrap, env: { SIDETONE_TEST_NAMESPACE: "1" }, note: "" };
  }
  return {
    wrap: [],
    env: {},
    note: "no network namespaces here (unshare, ip): end-to-end tests run one after another on free ports of this machine",
  };
}
