import type { Logger } from "@sidetone/foundation";
import {
  parseResourceState,
  RESOURCE_EVENT,
  RESOURCE_STATE_TYPE,
  type SubscribeOptions,
  type Subscription,
} from "@sidetone/sip";

/** What a Media Server is given to hear of its Resource Managers. */
export interface ResourceNewsOptions {
  readonly subscribe: (o: SubscribeOptions) => Subscription;
  readonly log: Logger;
  /** SIP URIs. */
  readonly resourceManagers: readonly string[];
  /** A recorder is lost; its SIP URI. */
  readonly recorderLost: (uri: string) => void;
  /** A Resource Manager answers, or does not. */
  readonly managerAnswers: (uri: string, answers: boolean) => void;
}

/**
 * Subscriptions to every Resource Manager (RFC 6665; contract, "Loss of a resource"): a second way to notice that a recorder is
 * gone (R31), and which Resource Managers are there (R32). Returns what ends them.
 */
export function hearOfResources(o: ResourceNewsOptions): () => Promise<void> {
  const subscriptions = o.resourceManagers.map((uri) => {
    const subscription = o.subscribe({ uri, event: RESOURCE_EVENT, accept: [RESOURCE_STATE_TYPE] });
    subscription.on("active", () => o.managerAnswers(uri, true));
    subscription.on("terminated", ({ reason, retryMs }) => {
      o.log.info({ resourceManager: uri, reason, retryMs }, "no news of resources from a Resource Manager");
      // One that refuses the event package serves recordings all the same.
      if (retryMs !== undefined) o.managerAnswers(uri, false);
    });
    subscription.on("notify", ({ body }) => {
      const read = parseResourceState(body.toString("utf8"));
      if (!read.ok) {
        o.log.warn({ resourceManager: uri, reason: read.error }, "news of resources that cannot be read");
        return;
      }
      for (const { service, state, resource, reason } of read.value.resources) {
        if (service !== "recording-server" || state !== "lost") continue;
        o.log.info({ resourceManager: uri, resource, reason }, "a recorder is said to be lost");
        o.recorderLost(resource);
      }
    });
    return subscription;
  });
  return async () => {
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  };
}
