import type { Logger } from "@sidetone/foundation";
import {
  parseResourceState,
  RESOURCE_EVENT,
  RESOURCE_STATE_TYPE,
  type SubscribeOptions,
  type Subscription,
} from "@sidetone/sip";

/** What SIP Server is given to hear of lost Media Servers. */
export interface MediaServerNewsOptions {
  readonly subscribe: (o: SubscribeOptions) => Pick<Subscription, "on" | "close">;
  readonly log: Logger;
  /** SIP URIs. */
  readonly resourceManagers: readonly string[];
  /** A Resource Manager says that the Media Server at this SIP URI is gone; it may say so again. */
  readonly onLost: (uri: string) => void;
}

/**
 * R30: a subscription (RFC 6665) to every Resource Manager, which notices a Media Server's death that nobody here did.
 * One notification for all calls that are there. Returns what ends the subscriptions.
 */
export function hearOfMediaServers(o: MediaServerNewsOptions): () => Promise<void> {
  const subscriptions = o.resourceManagers.map((uri) => {
    const subscription = o.subscribe({ uri, event: RESOURCE_EVENT, accept: [RESOURCE_STATE_TYPE] });
    subscription.on("terminated", ({ reason, retryMs }) =>
      o.log.info({ resourceManager: uri, reason, retryMs }, "no news of Media Servers from a Resource Manager"),
    );
    subscription.on("notify", ({ body }) => {
      const read = parseResourceState(body.toString("utf8"));
      if (!read.ok) return o.log.warn({ resourceManager: uri, reason: read.error }, "news that cannot be read");
      for (const { service, state, resource } of read.value.resources)
        if (service === "msml" && state === "lost") o.onLost(resource);
    });
    return subscription;
  });
  return async () => {
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  };
}
