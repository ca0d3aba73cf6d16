/** What a subscriber asks for where nobody says otherwise, seconds. */
export const SUBSCRIPTION_EXPIRES_S = 60;
/** RFC 6665 4.2.1.1: a notifier refuses less with 423, seconds. */
export const MIN_SUBSCRIPTION_S = 10;
/** More than this a notifier shortens, seconds. */
export const MAX_SUBSCRIPTION_S = 3_600;
/** Refreshed when this share of a subscription is over. */
export const REFRESH_SHARE = 0.75;
/** SUBSCRIBE without a final answer, or a 2xx without its NOTIFY, is given up after this, ms. RFC 6665 allows 64*T1; a notifier that tells of losses must not be missed for that long. */
export const SUBSCRIBE_ANSWER_MS = 4_000;
/** After a loss the next SUBSCRIBE comes after this, the double each time up to the maximum, ms. */
export const RESUBSCRIBE_MS = 250;
export const RESUBSCRIBE_MAX_MS = 5_000;
/** A notifier that refused is asked again after this: it may be a newer one by then, ms. */
export const REFUSED_RETRY_MS = 60_000;
/** Longest Retry-After that a subscriber obeys, ms. */
export const MAX_RETRY_AFTER_MS = 300_000;
/** Subscriptions of one notifier; above it SUBSCRIBE gets 503. */
export const MAX_SUBSCRIPTIONS = 1_000;
/** Notifications that wait for the answer to the one before; with more, one with the full state takes their place. */
export const MAX_WAITING_NOTIFICATIONS = 1_000;
/** Longest value of a subscriber's state that is read. */
export const MAX_STATE_TEXT = 1_000;
