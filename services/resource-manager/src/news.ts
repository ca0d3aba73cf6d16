import { rfc3339, type Clock } from "@sidetone/foundation";
import {
  formatResourceState,
  Notifier,
  RESOURCE_EVENT,
  RESOURCE_STATE_TYPE,
  type EventHost,
  type ResourceStateEntry,
  type ServerTransaction,
} from "@sidetone/sip";
import type { Pool } from "./groups/pool.ts";
import type { Condition, Resource } from "./groups/resource.ts";
import { withdrawalReason } from "./states.ts";

/** Tells subscribers of lost, returned and withdrawn resources (contract: loss of a resource): one notification for each. */
export class ResourceNews {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #notifier: Notifier;
  readonly #told = new Map<Resource, Condition>();

  constructor(o: { pool: Pool; clock: Clock; endpoint: EventHost }) {
    this.#pool = o.pool;
    this.#clock = o.clock;
    this.#notifier = new Notifier(o.endpoint, {
      event: RESOURCE_EVENT,
      contentType: RESOURCE_STATE_TYPE,
      fullState: () => formatResourceState({ full: true, resources: this.#entries() }),
    });
  }

  get subscribers(): Notifier["subscribers"] {
    return this.#notifier.subscribers;
  }

  /** A SUBSCRIBE outside a dialog. */
  subscribe(tx: ServerTransaction): void {
    this.#notifier.receive(tx);
  }

  /** Something was learnt about a resource: told if it changes what the world knows. */
  check(resource: Resource): void {
    const { condition } = resource;
    if ((this.#told.get(resource) ?? "up") === condition) return;
    this.#told.set(resource, condition);
    const body = formatResourceState({ full: false, resources: [this.#entry(resource)] });
    this.#notifier.notify(`${resource.group} ${resource.address}`, body);
  }

  /** Resolves when the subscribers have heard of it, or after a second. */
  async close(): Promise<void> {
    await this.#notifier.close();
  }

  #entries(): ResourceStateEntry[] {
    return this.#pool.groups.flatMap((g) => g.resources.map((r) => this.#entry(r)));
  }

  #entry(r: Resource): ResourceStateEntry {
    const { condition: state } = r;
    const ageMs = Math.max(0, this.#clock.now() - r.changedAt);
    return {
      resource: r.address,
      group: r.group,
      service: this.#pool.groupOf(r)?.config.service ?? "msml",
      state,
      reason: state === "lost" ? r.health.reason : state === "withdrawn" ? withdrawalReason(r) : "",
      since: rfc3339(Math.round(this.#clock.wallMicros() - ageMs * 1000)),
    };
  }
}
