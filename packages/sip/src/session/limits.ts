/** RFC 4028 4: recommended session interval, seconds. */
export const SESSION_EXPIRES_S = 1_800;
/** RFC 4028 5: nobody may ask for less, seconds. */
export const MIN_SE_S = 90;
/** How far CSeq jumps in a dialog that a restarted element goes on with: more requests than are sent between two snapshots. */
export const CSEQ_STEP = 1000;
/** A session timer that ran out, or was due, while its element was away acts this long after the restart, ms. */
export const RESUMED_AFTER_MS = 1000;
/** RFC 3261 13.3.1.1: a provisional response is repeated after this while the call rings, ms. */
export const PROVISIONAL_REPEAT_MS = 60_000;
/** How often one re-INVITE or UPDATE is repeated after 491. */
export const MAX_GLARE_RETRIES = 5;
/** How often an INVITE is repeated with a greater interval after 422. */
export const MAX_422_RETRIES = 3;
/** Early dialogs of one INVITE; forks beyond it are not told of. */
export const MAX_EARLY_DIALOGS = 32;
/** Sessions of one endpoint; above it new INVITEs get 503. */
export const MAX_DIALOGS = 50_000;
