import { type ResourceGroupConfig, sipUriPlace } from "@sidetone/config";
import { retryAfterBusyS, retryAfterDownS } from "../limits.ts";
import type { ServiceWish } from "../proxy/service-uri.ts";
import { Affinity } from "./affinity.ts";
import { Resource } from "./resource.ts";
import { select } from "./selection.ts";
import { type ResourceToken, readToken } from "./token.ts";

/** A group with the state of its resources. */
export interface Group {
  readonly config: ResourceGroupConfig;
  readonly resources: readonly Resource[];
}

/** What the headers of a request add to its Request-URI. */
export interface PlacementHints {
  /** Value of X-Resource-Token. */
  readonly token: string | undefined;
  /** Values of X-Resource-Avoid: SIP URIs or tokens. Such a resource is taken only where no other is left. */
  readonly avoid: readonly string[];
  /** Value of X-Resource-Sibling: the SIP URI of the other copy's recorder. Never taken (R10). */
  readonly sibling?: string;
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

/** All groups and bindings of one Resource Manager. Does no I/O and reads no clock. */
export class Pool {
  readonly groups: readonly Group[];
  readonly affinity = new Affinity();
  #turn = 0;

  constructor(groups: readonly ResourceGroupConfig[], now: number) {
    this.groups = groups.map((config) => ({
      config,
      resources: config.resources.map((r) => new Resource(config.name, r, now)),
    }));
  }

  /** The resource that a token or a binding names, where it is configured. */
  find(named: ResourceToken): Resource | undefined {
    const group = this.groups.find((g) => g.config.name === named.group);
    return group?.resources.find((r) => r.address === named.address);
  }

  groupOf(resource: Resource): Group | undefined {
    return this.groups.find((g) => g.resources.includes(resource));
  }

  /** R12: decides where an INVITE goes. */
  plan(wish: ServiceWish, hints: PlacementHints, now: number): Plan {
    return wish.kind === "msml" ? this.#planConference(wish.confId, hints, now) : this.#planRecording(wish, hints, now);
  }

  #planConference(confId: string, hints: PlacementHints, now: number): Plan {
    const name = `conf ${confId}`;
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
    const groups = this.groups.filter((g) => g.config.service === "msml");
    return this.#choose(groups, name, this.#avoided(hints.avoid), now);
  }

  #planRecording(wish: ServiceWish & { kind: "record" }, hints: PlacementHints, now: number): Plan {
    const name = recordingName(wish.id, wish.copy);
    const all = this.groups.filter((g) => g.config.service === "recording-server");
    // Where there is no choice there is nothing to remember.
    const choice = all.flatMap((g) => g.resources).length > 1;
    const named = all.filter((g) => g.config.name.toLowerCase() === wish.uri.host.toLowerCase());
    const shun = this.#avoided(hints.avoid);
    // R10: the two copies of a recording never go to the same resource.
    const taken = this.#avoided(hints.sibling === undefined ? [] : [hints.sibling]);
    const sibling = this.affinity.get(recordingName(wish.id, wish.copy === "2" ? "1" : "2"), now);
    if (sibling !== undefined) taken.add(sibling.address);
    const home = this.affinity.get(name, now)?.address;
    // R31: who names a resource to avoid has lost the one that it had, whatever its name was.
    if (home !== undefined && hints.avoid.length > 0) shun.add(home);
    const plan = this.#choose(named.length > 0 ? named : all, choice ? name : undefined, shun, now, taken);
    if (plan.kind === "refuse") return plan;
    // A higher epoch, or a further channel, of a recording goes to where the recording is, if that is in service.
    const first = plan.resources.find((r) => r.address === home && !shun.has(r.address));
    if (first === undefined) return plan;
    return { ...plan, resources: [first, ...plan.resources.filter((r) => r !== first)] };
  }

  #choose(
    groups: readonly Group[],
    name: string | undefined,
    shun: ReadonlySet<string>,
    now: number,
    taken: ReadonlySet<string> = new Set(),
  ): Plan {
    if (groups.length === 0) return refuse(404, "No Such Service Here");
    const turn = this.#turn++;
    let busy = false;
    const resources: Resource[] = [];
    for (const group of groups) {
      const selection = select({
        resources: group.resources.filter(({ address }) => !taken.has(address)),
        scheme: group.config.loadBalanceScheme,
        turn,
        now,
        shun,
      });
      if (selection.kind === "candidates") resources.push(...selection.resources);
      else if (selection.kind === "all-busy") busy = true;
    }
    if (resources.length > 0) return { kind: "try", resources, bound: false, name };
    if (busy) return refuse(480, "All Resources Are Busy", retryAfterBusyS);
    return refuse(503, "No Resource in Service", retryAfterDownS);
  }

  /** Addresses of our resources that the client names by token, or by a SIP URI with the same host and port (a Contact). */
  #avoided(values: readonly string[]): Set<string> {
    const addresses = new Set<string>();
    for (const value of values) {
      const token = readToken(value);
      if (token !== undefined) addresses.add(token.address);
      const place = sipUriPlace(value.replace(/^<|>$/g, ""));
      if (place === undefined) continue;
      for (const { address } of this.groups.flatMap((g) => g.resources)) {
        const own = sipUriPlace(address);
        if (own?.host === place.host && own.port === place.port) addresses.add(address);
      }
    }
    return addresses;
  }
}

/** An INVITE that belongs to one resource goes there, also while that one drains or is full. */
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
