/** How long a token opens sessions; seconds. */
export const lifetimeS = 60;
/** How far the minting machine's clock may be ahead; seconds. */
export const maxAheadS = 30;
/** Longest token that is looked at, in characters: a client's whole message has 64 KiB. */
export const maxTokenLength = 32 * 1024;
/** Grants that one token may carry. */
export const maxGrants = 200;
/** Longest name of a user, in characters. */
export const maxUserLength = 128;
