import type { Logger } from "@sidetone/foundation";
import { parseResourceState, RESOURCE_EVENT, RESOURCE_STATE_TYPE, type ResourceStateEntry } from "./resource-state.ts";
import type { SubscribeOptions, Subscription } from "./types.ts";

/** What a client of Resource Managers is given to hear of their resources. */
export interface ResourceNewsOptions {
  readonly subscribe: (o: SubscribeOptions) => Pick<Subscription, "on" | "close">;
  readonly log: Logger;
  /** SIP URIs. */
  readonly resourceManagers: readonly string[];
  /** Only these are heard of. */
  readonly service: ResourceStateEntry["service"];
  /** A Resource Manager says that the resource at this SIP URI is lost; it may say so again. */
  readonly onLost: (uri: string) => void;
  /** A Resource Manager answers, or does not. */
  readonly onManager?: (uri: string, answers: boolean) => void;
}

/**
 * Subscriptions to every Resource Manager (RFC 6665; contract, "Loss of a resource"): one notification for whoever uses a resource that is
 * lost (R30, R31), and which Resource Managers are there (R32). Returns what ends them.
 */
export function hearOfResources(o: ResourceNewsOptions): () => Promise<void> {
  const subscriptions = o.resourceManagers.map((uri) => {
    const subscription = o.subscribe({ uri, event: RESOURCE_EVENT, accept: [RESOURCE_STATE_TYPE] });
    subscription.on("active", () => o.onManager?.(uri, true));
    subscription.on("terminated", ({ reason, retryMs }) => {
      o.log.info({ resourceManager: uri, reason, retryMs }, "no news of resources from a Resource Manager");
      // One that refuses the event package serves all the same.
      if (retryMs !== undefined) o.onManager?.(uri, false);
    });
    subscription.on("notify", ({ body }) => {
      const read = parseResourceState(body.toString("utf8"));
      if (!read.ok) {
        o.log.warn({ resourceManager: uri, reason: read.error }, "news of resources that cannot be read");
        return;
      }
      for (const { service, state, resource, reason } of read.value.resources) {
        if (service !== o.service || state !== "lost") continue;
        o.log.info({ resourceManager: uri, resource, reason }, "a resource is said to be lost");
        o.onLost(resource);
      }
    });
    return subscription;
  });
  return async () => {
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  };
}
