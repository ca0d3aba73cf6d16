/** How long what happened may wait for company on its way to the disk, ms: as much of a journal may be lost in a crash. */
export const FLUSH_MS = 50;

/** A batch of SIP frames goes to the writer when it is this large, bytes. */
export const BATCH_BYTES = 256 * 1024;

/** Batches that may wait for the disk; what comes beyond them is dropped and counted. Together with `BATCH_BYTES` 8 MB of memory. */
export const BATCHES_AHEAD = 32;

/** Dialogs and calls that may wait for the disk when messages are dropped already. */
export const DIALOGS_AHEAD = 50_000;

/** Call-IDs of dialogs that are followed: more than all calls have (MAX_CALLS, about four dialogs each). */
export const FOLLOWED_DIALOGS = 200_000;

/** A SIP message is kept up to this size, bytes; its end is cut off. */
export const KEPT_MESSAGE_BYTES = 16_384;

/** Of one call, with those that it is related to. */
export const LINES_SHOWN = 5000;
export const RELATED_CALLS = 20;

/** Text of a message in an answer; the rest of it is cut off there. Characters. */
export const SHOWN_MESSAGE = 8192;

/** Rows that are removed at once, so that the writer is soon back at its work. */
export const REMOVED_AT_ONCE = 2000;

/** How often the journal is looked through for what is too old, ms; and after how many bytes for what is too much. */
export const SWEEP_MS = 3_600_000;
export const LOOK_AFTER_BYTES = 8e6;
