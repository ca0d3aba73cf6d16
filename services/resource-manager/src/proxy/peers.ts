import { BlockList, isIP } from "node:net";

/** Who may talk to this Resource Manager, and whom it may be told to send to. */
export interface Peers {
  accepts(ip: string): boolean;
}

/** Loopback always; besides it `allowed` (addresses and networks) and `resources` (hosts that are IP addresses). */
export function makePeers(allowed: readonly string[], resources: readonly string[]): Peers {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addAddress("::1", "ipv6");
  for (const entry of [...allowed, ...resources]) {
    const slash = entry.indexOf("/");
    const ip = slash < 0 ? entry : entry.slice(0, slash);
    const family = familyOf(ip);
    if (family === undefined) continue;
    if (slash < 0) list.addAddress(ip, family);
    else list.addSubnet(ip, Number(entry.slice(slash + 1)), family);
  }
  return {
    accepts(ip) {
      const plain = ip.toLowerCase().startsWith("::ffff:") && isIP(ip.slice(7)) === 4 ? ip.slice(7) : ip;
      const family = familyOf(plain);
      return family !== undefined && list.check(plain, family);
    },
  };
}

function familyOf(ip: string): "ipv4" | "ipv6" | undefined {
  const family = isIP(ip);
  return family === 4 ? "ipv4" : family === 6 ? "ipv6" : undefined;
}
