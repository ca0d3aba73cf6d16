/** Deepest nesting of lists in a KVList; the list itself is level 1. */
export const MAX_KV_DEPTH = 8;
/** Most pairs of one KVList, all levels together. */
export const MAX_KV_PAIRS = 4096;
/** Longest key of a KVList, in UTF-16 units. */
export const MAX_KV_KEY_LENGTH = 256;
/** User data of one call, in bytes of its JSON (tlib-wire.md, "Envelope"); also of one list that a client sends. */
export const MAX_USER_DATA_BYTES = 32 * 1024;
/** Longest text that is repeated to its sender in an error, in UTF-16 units. */
export const MAX_ECHO_LENGTH = 64;
/** A client's message, in bytes (tlib-wire.md, "Transport"). */
export const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024;
/** A server's message, in bytes (tlib-wire.md, "Transport"). */
export const MAX_SERVER_MESSAGE_BYTES = 1024 * 1024;
/** Snapshot that one EventRegistered holds, in bytes; the rest follows in EventAddressInfo (tlib-wire.md, "Session" 5). */
export const MAX_SNAPSHOT_BYTES = 256 * 1024;
/** Names of a message that are compared with one that is missing: who sends more has not misspelt it. */
export const MAX_NAMES_COMPARED = 32;
