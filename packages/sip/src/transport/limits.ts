/** A connection that does not open in this time is given up, ms. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** From accepting a connection to its first whole message, ms. */
export const FIRST_MESSAGE_TIMEOUT_MS = 30_000;
/** A connection without traffic is closed after this, ms. */
export const IDLE_TIMEOUT_MS = 600_000;
/** Connections of one endpoint. */
export const MAX_CONNECTIONS = 10_000;
/** Connections from one address; loopback is exempt. */
export const MAX_CONNECTIONS_PER_SOURCE = 200;
/** RFC 3261 18.1.1: above this a request does not leave over UDP, bytes. */
export const LARGE_REQUEST_BYTES = 1_300;
/** How long a peer that refused TCP is not asked again for a large request, ms. */
export const TCP_REFUSED_MEMORY_MS = 300_000;
/** Peers remembered as refusing TCP. */
export const MAX_TCP_REFUSED = 1_000;
/** Bytes that wait for a connection to open. */
export const MAX_QUEUED_BYTES = 1_048_576;
/** RFC 3261 19.1.2: default port. */
export const DEFAULT_PORT = 5060;
