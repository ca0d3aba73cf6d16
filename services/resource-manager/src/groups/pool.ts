import { type ResourceGroupConfig, sipUriPlace } from "@sidetone/config";
import { addressCheck } from "@sidetone/sip";
import { retryAfterBusyS, retryAfterDownS } from "../limits.ts";
import type { ServiceWish } from "../proxy/service-uri.ts";
import { Affinity } from "./affinity.ts";
import { Epochs } from "./epochs.ts";
import { Resource } from "./resource.ts";
import { select } from "./selection.ts";
import { type ResourceToken, readToken } from "./token.ts";

/** A group with the state of its resources. */
export interface Group {
  readonly config: ResourceGroupConfig;
  readonly resources: readonly Resource[];
  /** Whether a client with this address may use it. */
  readonly serves: (client: string) => boolean;
}

/** What a request says besides its Request-URI. */
export interface PlacementHints {
  /** Value of X-Resource-Token. */
  readonly token: string | undefined;
  /** Values of X-Resource-Avoid: SIP URIs or tokens. Such a resource is taken only where no other is left. */
  readonly avoid: readonly string[];
  /** Value of X-Resource-Sibling: the SIP URI of the other copy's recorder. Never taken (R10). */
  readonly sibling?: string | undefined;
  /** Value of X-Genesys-geo-location. */
  readonly geoLocation?: string | undefined;
  /** IP address that the request came from. */
  readonly client?: string | undefined;
}

/** Where a request may go, or the answer that it gets instead. */
export type Plan =
  | {
      readonly kind: "try";
      /** Best first. One only where the conf-id is bound. */
      readonly resources: readonly Resource[];
      readonly bound: boolean;
      /** What to bind to the resource that takes it; undefined where nothing need be remembered. */
      readonly name: string | undefined;
    }
  | { readonly kind: "refuse"; readonly status: number; readonly reason: string; readonly retryAfterS?: number };

interface Wanted {
  readonly groups: readonly Group[];
  readonly name: string | undefined;
  readonly shun: ReadonlySet<string>;
  readonly without?: ReadonlySet<string>;
  readonly hints: PlacementHints;
  readonly now: number;
  /** False where the session has a place already: then it is nobody's turn. */
  readonly takesTurn?: boolean;
}

/** All groups and bindings of one Resource Manager. Does no I/O and reads no clock. */
export class Pool {
  readonly groups: readonly Group[];
  readonly affinity = new Affinity();
  readonly epochs = new Epochs();
  /** By the names of the groups that a session may go to. A turn of all groups together would stand still for each where every call asks for one of either. */
  readonly #turns = new Map<string, number>();

  constructor(groups: readonly ResourceGroupConfig[], now: number) {
    this.groups = groups.map((config) => ({
      config,
      serves: config.clients === undefined ? () => true : addressCheck(config.clients),
      resources: config.resources.map((r) => newResource(config, r, now)),
    }));
  }

  get resources(): Resource[] {
    return this.groups.flatMap((g) => g.resources);
  }

  /**
   * The resource that a token or a binding names, where it is configured. Another Resource Manager may have it in a group
   * of another name (R32).
   */
  find(named: ResourceToken): Resource | undefined {
    const all = this.resources.filter((r) => r.address === named.address);
    return all.find((r) => r.group === named.group) ?? all[0];
  }

  groupOf(resource: Resource): Group | undefined {
    return this.groups.find((g) => g.resources.includes(resource));
  }

  /** R12: decides where an INVITE goes. */
  plan(wish: ServiceWish, hints: PlacementHints, now: number): Plan {
    return wish.kind === "msml" ? this.#planConference(wish, hints, now) : this.#planRecording(wish, hints, now);
  }

  #planConference(wish: ServiceWish & { kind: "msml" }, hints: PlacementHints, now: number): Plan {
    const name = `conf ${wish.confId}`;
    const token = readToken(hints.token);
    const named = token === undefined ? undefined : this.find(token);
    if (named !== undefined && this.groupOf(named)?.config.service === "msml") {
      // Contract, affinity: the map is for clients that do not know the token; this one does.
      this.affinity.drop(name);
      return toBound(named, undefined);
    }
    const known = this.affinity.get(name, now);
    const home = known === undefined ? undefined : this.find(known);
    if (home !== undefined) return toBound(home, name);
    const all = this.groups.filter((g) => g.config.service === "msml");
    const groups = wish.group === undefined ? all : namedLike(all, wish.group);
    if (groups.length === 0 && all.length > 0) return refuse(404, "No Such Group Here");
    return this.#choose({ groups, name, shun: this.#avoided(hints.avoid), hints, now });
  }

  #planRecording(wish: ServiceWish & { kind: "record" }, hints: PlacementHints, now: number): Plan {
    const name = recordingName(wish.id, wish.copy);
    const { epoch, callUuid } = wish;
    if (epoch !== undefined && this.epochs.isOld(name, epoch, callUuid, now)) return refuse(403, "Older Epoch");
    const all = this.groups.filter((g) => g.config.service === "recording-server");
    // Where there is no choice there is nothing to remember.
    const choice = all.flatMap((g) => g.resources).length > 1;
    const named = namedLike(all, wish.uri.host);
    const groups = named.length > 0 ? named : all;
    const shun = this.#avoided(hints.avoid);
    // R10: the two copies of a recording never go to the same resource.
    const without = this.#avoided(hints.sibling === undefined ? [] : [hints.sibling]);
    const sibling = this.affinity.get(recordingName(wish.id, wish.copy === "2" ? "1" : "2"), now);
    if (sibling !== undefined) without.add(sibling.address);
    const home = this.#homeOf(name, hints.token, now);
    // R31: who names a resource to avoid has lost the one that it had, whatever its name was.
    if (home !== undefined && hints.avoid.length > 0) shun.add(home);
    // A higher epoch, or a further channel, of a recording goes to where the recording is, also while that one is withdrawn or full.
    const first =
      home === undefined || shun.has(home) || without.has(home)
        ? undefined
        : groups.flatMap((g) => g.resources).find((r) => r.address === home && r.health.phase !== "down");
    const takesTurn = first === undefined;
    const plan = this.#choose({ groups, name: choice ? name : undefined, shun, without, hints, now, takesTurn });
    if (first === undefined || (plan.kind === "refuse" && plan.status === 403)) return plan;
    if (plan.kind === "refuse") return { kind: "try", resources: [first], bound: false, name };
    return { ...plan, resources: [first, ...plan.resources.filter((r) => r !== first)] };
  }

  /** Where this copy is: by the token that the client was given with it, also by another Resource Manager (R32), else as we remember. */
  #homeOf(name: string, token: string | undefined, now: number): string | undefined {
    const read = readToken(token);
    const named = read === undefined ? undefined : this.find(read);
    if (named !== undefined && this.groupOf(named)?.config.service === "recording-server") return named.address;
    return this.affinity.get(name, now)?.address;
  }

  #choose({ groups, name, shun, without, hints, now, takesTurn = true }: Wanted): Plan {
    if (groups.length === 0) return refuse(404, "No Such Service Here");
    const { client } = hints;
    const allowed = client === undefined ? groups : groups.filter((g) => g.serves(client));
    if (allowed.length === 0) return refuse(403, "Not Allowed to Use This Group");
    const names = allowed.map((g) => g.config.name).join(" ");
    const turn = this.#turns.get(names) ?? 0;
    if (takesTurn) this.#turns.set(names, turn + 1);
    const selection = select({
      groups: allowed,
      turn,
      now,
      shun,
      ...(without === undefined ? {} : { without }),
      geoLocation: hints.geoLocation,
    });
    switch (selection.kind) {
      case "candidates":
        return { kind: "try", resources: selection.resources, bound: false, name };
      case "all-busy":
        return refuse(480, "All Resources Are Busy", retryAfterBusyS);
      case "none-up":
        return refuse(503, "No Resource in Service", retryAfterDownS);
    }
  }

  /** Addresses of our resources that the client names by token, or by a SIP URI with the same host and port (a Contact). */
  #avoided(values: readonly string[]): Set<string> {
    const addresses = new Set<string>();
    for (const value of values) {
      const token = readToken(value);
      if (token !== undefined) addresses.add(token.address);
      const place = sipUriPlace(value.replace(/^<|>$/g, ""));
      if (place === undefined) continue;
      for (const { address } of this.resources) {
        const own = sipUriPlace(address);
        if (own?.host === place.host && own.port === place.port) addresses.add(address);
      }
    }
    return addresses;
  }
}

function newResource(
  group: ResourceGroupConfig,
  config: ResourceGroupConfig["resources"][number],
  now: number,
): Resource {
  const { timeoutMs, returnAnswers } = group.monitor;
  const resource = new Resource(group.name, config, { failingMs: timeoutMs, returnAnswers }, now);
  if (config.withdrawn) resource.withdraw(true, now);
  return resource;
}

function namedLike(groups: readonly Group[], name: string): readonly Group[] {
  return groups.filter((g) => g.config.name.toLowerCase() === name.toLowerCase());
}

/** An INVITE that belongs to one resource goes there, also while that one is withdrawn or full. */
function toBound(resource: Resource, name: string | undefined): Plan {
  if (resource.health.phase !== "down") return { kind: "try", resources: [resource], bound: true, name };
  // R30: the conference is lost with its server; whoever recovers it takes a new conf-id.
  return refuse(503, "Media Server of Conference Is Down", retryAfterDownS);
}

function recordingName(id: string, copy: string): string {
  return `rec ${copy} ${id}`;
}

function refuse(status: number, reason: string, retryAfterS?: number): Plan {
  const base = { kind: "refuse", status, reason } as const;
  return retryAfterS === undefined ? base : { ...base, retryAfterS };
}
