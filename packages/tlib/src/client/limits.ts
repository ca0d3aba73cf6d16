import type { ClientPace } from "../session/client-requests.ts";

/** From the start of a connection to SessionOpened, ms; then the next attempt begins. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** First pause before a reconnect, ms; doubled at each failure. */
export const FIRST_BACKOFF_MS = 200;
/** Longest pause before a reconnect, ms. */
export const MAX_BACKOFF_MS = 10_000;
/** A connection that lasted this long was a good one: the pause starts anew, ms. */
export const GOOD_CONNECTION_MS = 5_000;
/** How long `close` waits for the server's goodbye, ms. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** Events that wait for their consumer; above it the connection is given up until half of them are processed. */
export const BUFFERED_EVENTS = 2_000;
/** Events that are kept for a first consumer who has not come yet. */
export const HELD_EVENTS = 1_000;
/** tlib-wire.md "Session" 9 allows 50 a second and 100 at once; the network bunches what was sent evenly. */
export const PACE: ClientPace = { requestsPerSecond: 45, requestBurst: 90 };
