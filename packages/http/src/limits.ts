/** Largest request body in bytes. */
export const maxBodyBytes = 1024 * 1024;
/** A client that takes longer to send a request is cut off; ms. */
export const requestTimeoutMs = 30_000;
/** Idle keep-alive connections are closed after this time; ms. */
export const keepAliveTimeoutMs = 30_000;
/** How long an upgraded connection may take to send what was written before the server closed; ms. */
export const lastWordsMs = 1_000;
/** Longest part of a path that stands for an id or a name, in characters; a longer one is no path of ours. */
export const maxPathPart = 1000;
/** Changes of a state that is pushed within this time are one message; ms. */
export const pushIntervalMs = 200;
/** A pushed stream that has nothing to say says at least that it lives, this often; ms. */
export const heartbeatMs = 5000;
/** Part of its thread's time that a pushed state takes at most: with very many changes they are told less often. */
export const maxShareOfThread = 0.05;
