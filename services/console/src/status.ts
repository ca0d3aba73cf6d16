import type { SidetoneConfig } from "@sidetone/config";
import type { RoleHealth } from "./role-directory.ts";

/** A DN that a phone can register as. */
export interface PhoneHint {
  readonly dn: string;
  readonly record: boolean;
  /** Only the well-known ones of the demo configuration, which work on loopback only. */
  readonly demoPassword: string | undefined;
}

/** `GET /api/v1/status`: what runs, and how to make the first call. */
export interface ConsoleStatus {
  readonly roles: readonly RoleHealth[];
  readonly phones:
    | { readonly servers: readonly string[]; readonly domain: string; readonly dns: readonly PhoneHint[] }
    | undefined;
}

/** Largest number of DNs that the hint lists. */
const maxHints = 20;

/** Put together anew for each request; the phones are known where SIP Server's section is in the same file. */
export function consoleStatus(config: SidetoneConfig, roles: readonly RoleHealth[]): ConsoleStatus {
  const sip = config.sipServer;
  if (sip === undefined) return { roles, phones: undefined };
  const dns = Array.from(sip.dns.values())
    .filter((d) => d.type === "extension" && d.password !== undefined)
    .slice(0, maxHints)
    .map((d) => ({
      dn: d.dn,
      record: d.record,
      demoPassword: d.password?.startsWith("demo-") === true ? d.password : undefined,
    }));
  const servers = sip.listen.map((l) => `${l.transport}://${l.host}:${l.port}`);
  return { roles, phones: { servers, domain: sip.domain, dns } };
}
