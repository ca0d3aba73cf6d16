import type {
  AgentLoginConfig,
  ApplicationConfig,
  DnConfig,
  SipServerConfig,
  SipServerOptions,
} from "@sidetone/config";
import { hostKey, parseUri } from "@sidetone/sip";
import { PrefixIndex } from "./prefix-index.ts";

/** What of the configuration may change while SIP Server runs. Nobody writes to it: a change is another one. */
export interface DirectoryContent {
  readonly dns: ReadonlyMap<string, DnConfig>;
  readonly agentLogins: ReadonlyMap<string, AgentLoginConfig>;
  readonly applications: ReadonlyMap<string, ApplicationConfig>;
  readonly options: SipServerOptions;
}

/** The changeable part of a configuration. */
export function contentOf(
  config: Pick<SipServerConfig, "dns" | "agentLogins" | "applications" | "options">,
): DirectoryContent {
  const { dns, options } = config;
  return {
    dns,
    agentLogins: config.agentLogins ?? new Map<string, AgentLoginConfig>(),
    applications: config.applications ?? new Map<string, ApplicationConfig>(),
    options,
  };
}

const DEFAULT_PORT = 5060;

/** A content with the look-ups that a call needs, each of which costs the same for one DN as for 50,000. */
export class Snapshot {
  readonly content: DirectoryContent;
  readonly #prefixes: PrefixIndex<DnConfig>;
  readonly #sources = new Map<string, DnConfig>();
  /** Members of trunk groups that are recorded. */
  readonly #recorded = new Set<string>();

  constructor(content: DirectoryContent) {
    this.content = content;
    const prefixes: [string, DnConfig][] = [];
    const trunks: DnConfig[] = [];
    for (const dn of content.dns.values()) {
      if (dn.type !== "trunk" && dn.type !== "trunk-group") continue;
      if (dn.prefix !== undefined) prefixes.push([dn.prefix, dn]);
      if (dn.type === "trunk") trunks.push(dn);
      else if (dn.record) for (const member of dn.members ?? []) this.#recorded.add(member);
    }
    this.#prefixes = new PrefixIndex(prefixes);
    for (const trunk of trunks) {
      const key = trunk.inboundAuthentication === "digest" ? undefined : placeOf(trunk.contact);
      if (key !== undefined && !this.#sources.has(key)) this.#sources.set(key, this.asCaller(trunk));
    }
  }

  /** The trunk or trunk group with the longest prefix of a dialled number. */
  trunkForNumber(number: string): DnConfig | undefined {
    return this.#prefixes.find(number);
  }

  /** R1: the customers of a recorded group are recorded, whichever of its trunks they come over. */
  asCaller(dn: DnConfig): DnConfig {
    return this.#recorded.has(dn.dn) && !dn.record ? { ...dn, record: true } : dn;
  }

  /** The trunk whose contact is this address. */
  trunkForSource(host: string, port: number): DnConfig | undefined {
    return this.#sources.get(sourceKey(host, port));
  }
}

function placeOf(contact: string | undefined): string | undefined {
  const uri = contact === undefined ? undefined : parseUri(contact);
  return uri?.ok === true ? sourceKey(uri.value.host, uri.value.port ?? DEFAULT_PORT) : undefined;
}

function sourceKey(host: string, port: number): string {
  return `${hostKey(host)} ${port}`;
}
