/** How long after the start phones and Media Servers are asked whether they still know restored calls, ms. */
export const PROBE_AFTER_MS = 500;
/** One question in this time, ms: a phone exchange of its size must not be asked at once. */
export const PROBE_EVERY_MS = 10;
/** Status for who called and waits for an answer that nobody gives any more. */
export const GIVEN_UP_STATUS = 503;
/** Why a party that is not there any more left its call. */
export const RESTART_CAUSE = "server-restarted";
