/** Connections (party legs) at once, whatever the ports allow. */
export const MAX_CONNECTIONS = 20_000;
/** RFC 5707 documents carry ids of ours: 12 random bytes as hex. */
export const NAME_BYTES = 12;
/** Milliseconds of packet time that legs and recording sessions are offered. */
export const PTIME_MS = 20;
/** What the engine keeps of each leg, ms (contract, "A recorded call is set up", 4). */
export const MAX_BACKFILL_MS = 2_000;
/** The recorder died: INVITEs to another before the recording is given up. The taps keep 10 s of audio (R31). */
export const MAX_SWITCH_ATTEMPTS = 8;
/** Between two of these attempts, ms. */
export const SWITCH_RETRY_MS = 1_000;
/** A recording INVITE without a final answer for this long is cancelled, ms; then the next Resource Manager is asked. */
export const INVITE_ATTEMPT_MS = 2_500;
/** All attempts of a start together, ms: within 5 s SIP Server hears `recorder.started` or `recorder.failed`. */
export const START_MS = 4_700;
/** Less than this is no attempt, ms. */
export const LEAST_ATTEMPT_MS = 500;
/** A recorder that answered and takes no audio of a side for this long degrades the recording, ms. */
export const UNTAKEN_MS = 5_000;
/** How long BYE waits for the answer to a re-INVITE, ms. */
export const LAST_ANSWER_MS = 1_000;
/** RTP that stays away on every leg of a conference for this much longer than one report's span ends it. */
export const INACTIVITY_SLACK = 1.5;
/** Events of one conference that wait for a dialog to take them. */
export const MAX_HELD_EVENTS = 64;
/** `close` waits this long for BYEs to be answered, ms: the whole process has 5 s. */
export const CLOSE_MS = 3_000;
