/** Connections (party legs) at once, whatever the ports allow. */
export const MAX_CONNECTIONS = 20_000;
/** Members of one conference. */
export const MAX_MEMBERS = 32;
/** RFC 5707 documents carry ids of ours: 12 random bytes as hex. */
export const NAME_BYTES = 12;
/** Milliseconds of packet time that legs and recording sessions are offered. */
export const PTIME_MS = 20;
/** What the engine keeps of each leg, ms (contract, "A recorded call is set up", 4). */
export const MAX_BACKFILL_MS = 2_000;
/** How often a recorder that records is asked whether it lives, ms. */
export const WATCH_INTERVAL_MS = 1_000;
/** How long it may take to answer, ms: a shorter stall is no death. */
export const WATCH_TIMEOUT_MS = 2_000;
/** When a Resource Manager says that a recorder is lost, how long that one is given to say otherwise, ms. */
export const LOST_TOLD_MS = 500;
/** The recorder died: how long another is looked for before the recording has failed, ms. So long nothing is missing (R31). */
export const SWITCH_MS = 10_000;
/** Between two of these attempts, ms. */
export const SWITCH_RETRY_MS = 500;
/** A recorder that took over less than this ago and is lost again was no success, ms: what is left of `SWITCH_MS` goes on. */
export const BRIEF_MS = 5_000;
/**
 * What the next recorder is sent again of the time before the last one's last sign of life, ms: what that one had received by
 * then, and had not on its disk. Ours needs less than 1 s.
 */
export const REWIND_MS = 2_000;
/** A recorder that says that it cannot go on may have stored nothing for this long, ms: ours tries a disk for 10 s. */
export const UNSTORED_MS = 12_000;
/** What the taps keep, ms. */
export const BUFFER_MS = 15_000;
/** A recorder that does not agree to go on after a pause is asked again after this, ms ... */
export const RESUME_RETRY_MS = 2_000;
/** ... and after so many refusals left for another one, in time for what the taps keep. */
export const MAX_RESUME_REFUSALS = 2;
/** How often one re-INVITE is put off by 491 or 503. */
export const MAX_POSTPONED = 5;
/** A recorder that is busy (503 with Retry-After) is told of a change after this at the latest, ms. */
export const MAX_BUSY_MS = 8_000;
/** Recorders that one INVITE is redirected to at most (RFC 3261 8.1.3.4). */
export const MAX_REDIRECTS = 5;
/** How long what is kept may take to a recorder, once the recording was stopped, ms. */
export const DELIVERY_MS = 5_000;
/** Between two looks whether it is sent, ms. */
export const DELIVERY_LOOK_MS = 50;
/** How long BYE to a recorder may stay unanswered, ms: then it may have nothing of what it was sent last. */
export const BYE_ANSWER_MS = 2_000;
/** Failovers that one Media Server's start of a recording may go through and still be older than the next start: epochs of one start. */
export const EPOCHS_PER_START = 1_000;
/** Streams of one recording session with a stream for each participant: more share those of their side. */
export const MAX_STREAMS = 16;
/** A Resource Manager that says nothing at all to a recording INVITE for this long is left for the next one, ms (R17, R32). */
export const TRYING_MS = 250;
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
export const CLOSE_MS = 2_000;
/** A prompt file may have so many octets: ten minutes of 16-bit PCM. */
export const MAX_PROMPT_OCTETS = 10_000_000;
/** Prompts that are kept decoded. */
export const MAX_PROMPTS_KEPT = 64;
/** Sound files that are fetched from elsewhere at once. */
export const MAX_FETCHES = 32;
/** Octets of fetched samples that all plays together hold. */
export const MAX_FETCHED_OCTETS = 256_000_000;
/** Conferences at once, of all clients. */
export const MAX_CONFERENCES = 5_000;
/** Dialogs that run at once, of all clients. */
export const MAX_DIALOGS = 4_000;
/** Dialogs of one connection or conference. */
export const MAX_DIALOGS_OF_ONE = 8;
/** What one connection hears at once besides its conference: streams and monitors. */
export const MAX_INPUTS = 16;
/** Recording ids whose epoch is remembered (R30). */
export const MAX_EPOCHS = 20_000;
/** Octets of a dialog description that is fetched. */
export const MAX_SCRIPT_OCTETS = 65_536;
/** What members of a mixed conference hear where nobody speaks, dBm0. */
export const COMFORT_NOISE_DB = -65;
/** Conferences at once of one client. */
export const MAX_CONFERENCES_OF_CLIENT = 2_500;
/** Samples of tones that one dialog may ask for: a minute. */
export const MAX_TONE_SAMPLES = 480_000;
/** Level of an alert tone, dBm0. */
export const ALERT_TONE_DB = -18;
/** Octets of one local recording: three hours of 16-bit PCM. */
export const MAX_RECORDING_OCTETS = 172_800_000;
