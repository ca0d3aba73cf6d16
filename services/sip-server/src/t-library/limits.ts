/** Largest text frame that is read from a socket at all, in bytes; above the client's 64 KiB, so that the session can say why it closes. */
export const maxFrameBytes = 256 * 1024;
/** A client's message, in bytes (tlib-wire.md, "Transport"). */
export const maxMessageBytes = 64 * 1024;
/** Connections that are open at once, before and after `SessionOpen`. */
export const maxConnections = 10_000;
/** Generic parameters of one recording request (R7). */
export const maxRecordingParameters = 32;
/** Name of a generic parameter, in characters. */
export const maxParameterName = 64;
/** Value of a generic parameter, in characters. */
export const maxParameterValue = 256;
/** How long a request that the switch has accepted may wait for its event, ms. */
export const responseTimeoutMs = 15_000;
/** The same where a phone has to be picked up first: longer than any phone rings. */
export const pickUpTimeoutMs = 65_000;
/** DNs that one session may register. */
export const maxRegistrations = 10_000;
/** Longest wait before a guess is refused, ms; the session's own time to open is shorter than the guard's longest wait. */
export const maxRefusalDelayMs = 4_000;
