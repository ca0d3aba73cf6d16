import type { MsmlClientConfig } from "@sidetone/config";
import { type Flow, parseUri, peerCheck, type SipRequest } from "@sidetone/sip";
import { ControlStore } from "./control-store.ts";

/** Who controls connections, conferences and dialogs of its own; those of others do not exist for it. */
export interface Client {
  /** Short and unique here; no `/` in it. */
  readonly id: string;
  /** The host, or the name that the configuration gives to several. */
  readonly name: string;
  readonly store: ControlStore;
}

/** What tells clients apart. */
export interface ClientsOptions {
  /** SIP URIs; what comes through one of them is its sender's, not the Resource Manager's. */
  readonly resourceManagers: readonly string[];
  readonly named: readonly MsmlClientConfig[];
}

/**
 * The clients by the host that a SIP dialog came from. What a Resource Manager passes on is its sender's: the host of Contact, which only a
 * Resource Manager is believed. Hosts that the configuration names together are one client.
 */
export class Clients {
  readonly #managers: ReadonlySet<string>;
  readonly #named: readonly { readonly name: string; readonly includes: (ip: string) => boolean }[];
  readonly #clients = new Map<string, Client>();
  readonly #epochs = new Map<string, number>();
  #next = 1;

  constructor({ resourceManagers, named }: ClientsOptions) {
    this.#managers = new Set(resourceManagers.map(hostOf).filter((host) => host !== undefined));
    this.#named = named.map(({ name, hosts }) => ({ name, includes: peerCheck(hosts) }));
  }

  get all(): Iterable<Client> {
    return this.#clients.values();
  }

  get conferenceCount(): number {
    let count = 0;
    for (const { store } of this.#clients.values()) count += store.conferenceCount;
    return count;
  }

  /** Of a request that begins a dialog. */
  of(flow: Pick<Flow, "remote">, request: SipRequest): Client {
    const peer = plain(flow.remote.host);
    const sender = this.#managers.has(peer) ? (contactHost(request) ?? peer) : peer;
    const name = this.#named.find(({ includes }) => includes(sender))?.name ?? sender;
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client: Client = { id: String(this.#next++), name, store: new ControlStore(this.#epochs) };
    this.#clients.set(name, client);
    return client;
  }

  /** Forgets a client that has nothing any more. */
  tidy(client: Client): void {
    if (client.store.isEmpty) this.#clients.delete(client.name);
  }
}

function contactHost(request: SipRequest): string | undefined {
  const contact = request.headers.get("Contact") ?? "";
  const start = contact.indexOf("<");
  const end = contact.indexOf(">", start);
  return hostOf(start < 0 ? (contact.split(";", 1)[0] ?? "") : contact.slice(start + 1, end < 0 ? undefined : end));
}

function hostOf(uri: string): string | undefined {
  const parsed = parseUri(uri.trim());
  return parsed.ok ? plain(parsed.value.host) : undefined;
}

/** The same address in one spelling: no brackets, no IPv4 inside IPv6. */
function plain(host: string): string {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  const lower = bare.toLowerCase();
  if (lower === "localhost") return "127.0.0.1";
  return lower.startsWith("::ffff:") ? lower.slice(7) : lower;
}
