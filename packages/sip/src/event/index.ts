export type {
  EventHost,
  Notification,
  NotifierOptions,
  SubscribeOptions,
  SubscriberInfo,
  Subscription,
  SubscriptionEvents,
} from "./types.ts";
export { Notifier } from "./notifier.ts";
export { hearOfResources, type ResourceNewsOptions } from "./resource-news.ts";
export * from "./resource-state.ts";
export { formatSubscriptionState, parseEvent, parseSubscriptionState } from "./subscription-state.ts";
export type { SubscriptionState } from "./subscription-state.ts";
