/** Frames per second of every recording. */
export const RATE = 8000;
/** A packet may come this much later than those after it and still find its place; ms. */
export const REORDER_WINDOW_MS = 500;
/** Time between two looks for audio that is ready to be written; ms. */
export const FLUSH_MS = 100;
/** Time between two reads of the sockets; ms. The kernel holds seconds. */
export const POLL_MS = 100;
/** Audio a session may be ahead of what is written before the gap is taken as final; ms. More than the 10 s that a Media Server buffers (R31). */
export const MAX_AHEAD_MS = 30_000;
/** After BYE packets that are under way are taken for this long; ms. */
export const LINGER_MS = 200;
/** Silence at the sender that is listed as a gap; ms. Shorter ones are silence suppression. */
export const LISTED_GAP_MS = 200;
/** Loss lines of one recording; beyond it losses are only counted. */
export const MAX_LOSS_LINES = 5000;
/** Lines that tie RTP time to a frame, of one recording; a source whose clock jumps all the time has no more. */
export const MAX_ANCHOR_LINES = 5000;
/** Sources of one recording whose last place is known, for when it goes on. */
export const MAX_KNOWN_SOURCES = 64;
/** Packets of one stream that wait for a sender report: 15 s, as a Media Server sends them again at most (R31). */
export const MAX_WAITING_PACKETS = 1000;
/** RTP payload longest taken: 120 ms of G.711 fits twice. */
export const MAX_PAYLOAD_BYTES = 2048;
/** Audio m-lines of one session that are recorded. */
export const MAX_STREAMS = 16;
/** Sockets' kernel buffer, bytes: 2 s of G.711 with headers and to spare. */
export const RECEIVE_BUFFER_BYTES = 262_144;
/** The file begins at the announced start, with silence, where the first audio comes this much later at most; ms. */
export const START_HINT_MS = 10_000;
/** First audio this much after the announced start is listed as a gap, with a warning; ms. */
export const LATE_START_MS = 500;
/** A session that began paused and is resumed starts at the time that its metadata say, where that is this near to the resume; ms. */
export const RESUME_HINT_MS = 2500;
/** A part of a recording this long in which a channel has had no audio at all says so; ms. */
export const SILENT_CHANNEL_MS = 1000;
/** Longest wait for the disk while an INVITE waits; ms. */
export const OPEN_TIMEOUT_MS = 2000;
/** Metadata documents kept per recording with their raw text. */
export const MAX_METADATA_DOCUMENTS = 1000;
/** Largest metadata document that is kept raw, bytes. */
export const MAX_METADATA_BYTES = 262_144;
/** `limit` of the search, default and most. */
export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 1000;
/** Longest search value, characters. */
export const MAX_QUERY_VALUE = 256;
/** Time that clients are given to end their sessions themselves when the recorder stops: often they are stopped at the same moment; ms. */
export const FAREWELL_MS = 700;
/** Sessions and recordings are closed within this, the farewell included; ms. With threads and sockets the recorder takes 1.5 s at most. */
export const CLOSE_TIMEOUT_MS = 1200;
/** Whoever puts a row waits for its database this long at most; ms. An INVITE may be waiting. */
export const INDEX_PATIENCE_MS = 250;
/** A database that does not answer is left behind after this when the recorder stops; ms. */
export const INDEX_CLOSE_MS = 1500;
/** Rows that the index refused are given to it again after this; ms. */
export const INDEX_RETRY_MS = 1000;
/** Rows that wait for an index that refuses; one is a few kB. */
export const MAX_WAITING_ROWS = 10_000;
/** A storage that another recorder holds is asked for this long: it may be the one that is being stopped; ms. */
export const LOCK_WAIT_MS = 500;
/** Wait before a thread that died is started again; ms. */
export const RESTART_MS = 1000;
/** R34: audio may be missing at the beginning of an expected party for so long without being listed; ms. */
export const START_TOLERANCE_MS = 500;
/** The same where a client asked for the recording in mid-call: the call may have to be brought to a Media Server first. */
export const DYNAMIC_START_MS = 2000;
/** R34: the same at its end: BYE and last packet need not be one moment; ms. */
export const END_TOLERANCE_MS = 1000;
/** R34: the same in between; ms. */
export const GAP_TOLERANCE_MS = 200;
/** R34: audio that never came counts where it is this long and this share; ms. */
export const LOSS_MS = 1000;
export const LOSS_SHARE = 0.02;
/** R34: so long after a party left its recording may still run before that is said; RTP timeout and some; ms. */
export const SETTLE_MS = 120_000;
/** R34: so long after a party left nothing need be held of it; ms. */
export const FINALIZE_MS = 3000;
/** R34: answers of SIP Servers and other recorders are waited for so long; ms. */
export const PEER_TIMEOUT_MS = 3000;
/** R34: lines asked for at once, and answers read in a row. */
export const LEDGER_PAGE = 1000;
export const LEDGER_PAGES = 20;
/** R34: parties that are judged in one round. */
export const JUDGED_AT_ONCE = 200;
/** R34: parties that are looked at again in one round though nothing is known to have changed: what was deleted since is found. */
export const AUDITED_AT_ONCE = 20;
/** R34: parties that are forgotten in one round, where they are older than `reconciliation.keep`. */
export const FORGOTTEN_AT_ONCE = 500;
/** R34: a stream without RTP for this long is told, where no `reconciliation.silence` says otherwise; ms. */
export const SILENCE_MS = 10_000;
/** Full metadata snapshots asked for in one session without getting one. */
export const MAX_SNAPSHOT_REQUESTS = 3;
/** Between two of these requests; ms. */
export const SNAPSHOT_INTERVAL_MS = 2000;
/** Different warnings kept of one session. */
export const MAX_SESSION_WARNINGS = 200;
/** Calls of which a second session is awaited for the same recording. */
export const MAX_HALVES = 10_000;
/** A key press of which no packet has come for this long has ended; ms. */
export const KEY_END_MS = 300;
/** Key presses of one recording that are listed. */
export const MAX_KEY_LINES = 5000;
/** Changes of codec of one recording that are listed. */
export const MAX_CODEC_LINES = 100;
/** T-Library: changes of a call within this time are one line; ms. */
export const CALL_NOTE_MS = 250;
/** T-Library: lines about a call in one recording. */
export const MAX_CALL_NOTES = 2000;
/** T-Library: DNs that stay registered; those needed longest ago go first. */
export const MAX_WATCHED_DNS = 5000;
/** T-Library: first and longest wait before a SIP Server that is away is tried again, and wait after it refused us; ms. */
export const TLIB_RETRY_MS = 1000;
export const TLIB_RETRY_MAX_MS = 30_000;
export const TLIB_REFUSED_RETRY_MS = 60_000;
/** Rows of one statement when many are put into the index: 9 values each, and databases take 32,766. */
export const PUT_ROWS = 500;
/** Rows of one commit when the index is made anew: the more, the less is written twice. */
export const REBUILD_ROWS = 4000;
/** Rows taken out of the index in one commit. */
export const REMOVE_ROWS = 1000;
/** Longest value that a recording is found by exactly, characters; a longer one is in its document only. */
export const MAX_KEY_VALUE = 256;
/** Values that one recording is found by exactly. */
export const MAX_KEYS_PER_ROW = 500;
/** Recordings with a key are counted up to here, to know which of several keys leads the search. */
export const DRIVER_PROBE = 2000;
/** Rows that may have a text, by SQLite's index of texts: so few are all read and sorted. */
export const TEXT_FEW = 1000;
/** So many are known by their numbers while rows are met in the order of time; more are common enough to be met without. */
export const TEXT_SOME = 30_000;
/** Recordings of the DNs that a visitor may see: fewer than these are read and sorted; of more a page is soon found in the order of time. */
export const SCOPE_FEW = 30_000;
/** Texts that are known to be common. */
export const COMMON_TEXTS = 200;
/** `every` of the positions of a search, default and most: hits of a block. */
export const BLOCK_DEFAULT = 100;
/** A count of hits answers after this long with what it has, so that others need not wait; ms. */
export const COUNT_MS = 40;
/** Rows that a count looks at in one go: first, and at most. Pages wait for one of these at most. */
export const COUNT_ROWS_FIRST = 4000;
export const COUNT_ROWS_MAX = 64_000;
/** One go of a count is to take about this long; ms. */
export const COUNT_GO_MS = 20;
/** Blocks of one answer. */
export const COUNT_BLOCKS = 2000;
/** Proposals for a value of the search. */
export const SUGGESTIONS = 20;
/** A connection to PostgreSQL is there within this; ms. */
export const PG_CONNECT_MS = 2000;
/** An answer of PostgreSQL is there within this, or the connection is given up; ms. */
export const PG_ANSWER_MS = 10_000;
/** Connections to PostgreSQL for searches; one more writes. */
export const PG_READERS = 3;
/** Exact values that one search may name. */
export const MAX_QUERY_KEYS = 10;
/** Groups in a summary of the reconciliation: more than a year of days. */
export const MAX_GROUPS = 400;
/** People who listen to recordings while they are made, at one recorder. */
export const MAX_LISTENERS = 200;
/** What waits for one of them at most, bytes: 2 s. What comes then is not heard. */
export const LISTENER_BUFFER_BYTES = 2 * RATE * 4;
/** Time between two looks for recordings that stand still while somebody listens; ms. */
export const LISTENING_TICK_MS = 100;
/** A block of peaks: what a point of a waveform is at its finest; frames and ms. */
export const PEAK_BLOCK_FRAMES = 160;
export const PEAK_BLOCK_MS = 20;
/** Points of a waveform that are asked for at once, default and most: two hours at their finest are 360,000. */
export const PEAK_POINTS_DEFAULT = 2000;
export const PEAK_POINTS_MAX = 400_000;
/** Peaks that are kept in memory, octets: two hours are 2.2 MB. */
export const MAX_PEAK_BYTES = 33_554_432;
/** Peaks of recordings at least this long are computed when they end; of shorter ones when they are first asked for, which takes 0.2 s at most; ms. */
export const PEAKS_AHEAD_MS = 600_000;
