/** Transactions of one endpoint; above it new requests get 503. */
export const MAX_TRANSACTIONS = 100_000;
/** Retry-After of a 503 for want of room, seconds. */
export const OVERLOAD_RETRY_AFTER_S = 5;
/** Random bytes of a branch and of a tag: RFC 3261 19.3 wants at least 4. */
export const TOKEN_BYTES = 8;
