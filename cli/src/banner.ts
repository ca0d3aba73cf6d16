import type { SidetoneConfig } from "@sidetone/config";
import type { RunningRole } from "@sidetone/foundation";

/** Extensions that are listed one by one. */
const maxListed = 10;

/** What runs where, and how to register a phone. @param roles in the order of starting */
export function banner(config: SidetoneConfig, roles: readonly RunningRole[]): string {
  const width = Math.max(0, ...roles.map((r) => r.role.length));
  const lines = ["", "Sidetone runs."];
  for (const role of roles) lines.push(`  ${role.role.padEnd(width)}  ${role.listening.join("  ")}`);
  const sip = roles.find((r) => r.role === "sip-server");
  if (sip !== undefined) lines.push(...phoneLines(config, sip));
  const web = roles.find((r) => r.role === "console");
  if (web?.http !== undefined) {
    const user = config.console?.users[0];
    const login = user === undefined ? "" : `  (user ${user.name}${passwordHint(user.password)})`;
    lines.push("", `Console: ${web.http}${login}`);
  }
  lines.push("", "Ctrl-C stops it: calls are ended, files are closed.", "");
  return lines.join("\n");
}

function phoneLines(config: SidetoneConfig, sip: RunningRole): string[] {
  const servers = sip.listening.filter((url) => url.startsWith("udp:") || url.startsWith("tcp:"));
  const phones = Array.from(config.sipServer?.dns.values() ?? []).filter(
    (d) => (d.type === "extension" || d.type === "acd-position") && d.password !== undefined,
  );
  const first = servers[0];
  if (first === undefined || phones.length === 0) return [];
  const place = first.slice(first.indexOf("//") + 2);
  const transports = servers.filter((s) => s.endsWith(`//${place}`)).map((s) => s.slice(0, 3).toUpperCase());
  const lines = [
    "",
    `Register a phone: server ${place} (${transports.join(" or ")}), domain ${config.sipServer?.domain ?? ""}`,
  ];
  for (const dn of phones.slice(0, maxListed)) {
    lines.push(`  user ${dn.dn}${passwordHint(dn.password ?? "")}${dn.record ? "   its calls are recorded" : ""}`);
  }
  if (phones.length > maxListed) lines.push(`  and ${phones.length - maxListed} more, see ${config.file}`);
  return lines;
}

/** Only the documented demo passwords are shown: they work on loopback only. */
function passwordHint(password: string): string {
  return password.startsWith("demo-") ? `, password ${password}` : "";
}
