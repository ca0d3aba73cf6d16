import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { connectTcp, listenTcp } from "./tcp.ts";
import type { Network } from "./types.ts";
import { bindUdp } from "./udp.ts";

/** The machine's sockets and resolver. */
export const nodeNetwork: Network = {
  bindDatagram: bindUdp,
  listenStream: listenTcp,
  connectStream: connectTcp,
  async lookup(name) {
    try {
      return (await lookup(name)).address;
    } catch {
      return undefined;
    }
  },
  localAddressTowards,
};

/** Without asking the kernel's routing table: loopback for loopback, the interface of the same network, else the first external one. */
function localAddressTowards(remote: string): string {
  const six = isIPv6(remote);
  if (remote.startsWith("127.") || remote === "localhost") return "127.0.0.1";
  if (remote === "::1") return "::1";
  let external: string | undefined;
  for (const list of Object.values(networkInterfaces())) {
    for (const face of list ?? []) {
      if (face.internal || (face.family === "IPv6") !== six) continue;
      if (face.address === remote) return face.address;
      external ??= face.address;
      if (!six && isIPv4(remote) && sameNetwork(face.address, remote, face.netmask)) return face.address;
    }
  }
  return external ?? (six ? "::1" : "127.0.0.1");
}

function sameNetwork(a: string, b: string, mask: string): boolean {
  const m = ipv4Number(mask);
  return (ipv4Number(a) & m) === (ipv4Number(b) & m);
}

function ipv4Number(text: string): number {
  return text.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
}
