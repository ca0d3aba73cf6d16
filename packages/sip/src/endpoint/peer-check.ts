import { BlockList, isIP } from "node:net";

/** Who may talk to a role that serves other servers, as `acceptPeer` of an endpoint: loopback always, besides it what `addressCheck` takes. */
export function peerCheck(allowed: readonly string[]): (ip: string) => boolean {
  return addressCheck(["127.0.0.0/8", "::1", ...allowed]);
}

/**
 * True for the addresses and networks (`10.1.0.0/16`) of `allowed`. An IPv4 address in IPv6 form is the IPv4 address. Entries that are neither are
 * left out: host names prove nothing.
 */
export function addressCheck(allowed: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  for (const entry of allowed) {
    const slash = entry.indexOf("/");
    const ip = slash < 0 ? entry : entry.slice(0, slash);
    const family = familyOf(ip);
    if (family === undefined) continue;
    if (slash < 0) list.addAddress(ip, family);
    else list.addSubnet(ip, Number(entry.slice(slash + 1)), family);
  }
  return (ip) => {
    const plain = ip.toLowerCase().startsWith("::ffff:") && isIP(ip.slice(7)) === 4 ? ip.slice(7) : ip;
    const family = familyOf(plain);
    return family !== undefined && list.check(plain, family);
  };
}

function familyOf(ip: string): "ipv4" | "ipv6" | undefined {
  const family = isIP(ip);
  return family === 4 ? "ipv4" : family === 6 ? "ipv6" : undefined;
}
