import type {
  AgentLoginConfig,
  ApplicationConfig,
  DnConfig,
  SipServerConfig,
  SipServerOptions,
} from "@sidetone/config";
import { Events, type ListenerErrorSink } from "@sidetone/foundation";
import { changeBetween, type DirectoryChange, isEmpty } from "./change.ts";
import { contentOf, type DirectoryContent, Snapshot } from "./snapshot.ts";

/**
 * DNs, agent logins, applications and changeable options as they are now. Whoever needs one asks at the moment of use: it
 * may be another one a second later. What a caller was given stays as it was.
 */
export class Directory {
  readonly #events: Events<{ changed: [DirectoryChange] }>;
  #now: Snapshot;

  /** @param onListenerError where the exception of a listener goes; default nowhere. */
  constructor(content: DirectoryContent, onListenerError: ListenerErrorSink = () => undefined) {
    this.#events = new Events(onListenerError);
    this.#now = new Snapshot(content);
  }

  /** The DN of this name. */
  dn(name: string): DnConfig | undefined {
    return this.#now.content.dns.get(name);
  }

  /** Every DN, for what goes through all of them; another map after a change. */
  dns(): ReadonlyMap<string, DnConfig> {
    return this.#now.content.dns;
  }

  agentLogin(id: string): AgentLoginConfig | undefined {
    return this.#now.content.agentLogins.get(id);
  }

  agentLogins(): ReadonlyMap<string, AgentLoginConfig> {
    return this.#now.content.agentLogins;
  }

  application(name: string): ApplicationConfig | undefined {
    return this.#now.content.applications.get(name);
  }

  applications(): ReadonlyMap<string, ApplicationConfig> {
    return this.#now.content.applications;
  }

  options(): SipServerOptions {
    return this.#now.content.options;
  }

  /** The trunk or trunk group that has the longest prefix of a dialled number, in time that grows with the number only. */
  trunkForNumber(number: string): DnConfig | undefined {
    return this.#now.trunkForNumber(number);
  }

  /** The trunk whose contact is this address, as a caller; those that say who they are by digest are not among them. */
  trunkForSource(host: string, port: number): DnConfig | undefined {
    return this.#now.trunkForSource(host, port);
  }

  /** A DN as the caller of a call: a trunk has the `record` of its trunk groups too (R1). */
  asCaller(dn: DnConfig): DnConfig {
    return this.#now.asCaller(dn);
  }

  /** Puts another content in the place of this one and tells the listeners what changed; nothing where nothing did. */
  replace(next: DirectoryContent): DirectoryChange {
    const change = changeBetween(this.#now.content, next);
    if (isEmpty(change)) return change;
    this.#now = new Snapshot(next);
    this.#events.emit("changed", change);
    return change;
  }

  /** Told after each change. Gives the function that takes the listener away. */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    return this.#events.on("changed", listener);
  }
}

/** The configuration whose changeable part is always the directory's. */
export function liveConfig(config: SipServerConfig, directory: Directory): SipServerConfig {
  return {
    ...config,
    get dns() {
      return directory.dns();
    },
    get options() {
      return directory.options();
    },
    get agentLogins() {
      return directory.agentLogins();
    },
    get applications() {
      return directory.applications();
    },
  };
}

/** The directory of a configuration. */
export function directoryOf(
  config: Pick<SipServerConfig, "dns" | "agentLogins" | "applications" | "options">,
  onListenerError?: ListenerErrorSink,
): Directory {
  return new Directory(contentOf(config), onListenerError);
}
