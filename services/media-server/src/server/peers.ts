import { BlockList, isIP } from "node:net";

/** Who may talk to this Media Server: loopback, and the addresses and networks (`10.1.0.0/16`) of `allowed`. */
export function peerCheck(allowed: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addAddress("::1", "ipv6");
  for (const entry of allowed) {
    const slash = entry.indexOf("/");
    const ip = slash < 0 ? entry : entry.slice(0, slash);
    const family = isIP(ip) === 6 ? "ipv6" : "ipv4";
    if (isIP(ip) === 0) continue;
    if (slash < 0) list.addAddress(ip, family);
    else list.addSubnet(ip, Number(entry.slice(slash + 1)), family);
  }
  return (ip) => {
    const plain = ip.toLowerCase().startsWith("::ffff:") ? ip.slice(7) : ip;
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? "ipv6" : "ipv4");
  };
}
