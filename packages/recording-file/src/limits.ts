/** Frames (one sample of each channel) in a second of 8 kHz audio. */
export const FRAMES_PER_SECOND = 8000;
/** Bytes of one frame: left, right. */
export const FRAME_BYTES = 2;
/** Frames after which a segment is closed and hashed: 60 s. */
export const SEGMENT_FRAMES = 60 * FRAMES_PER_SECOND;
/** Audio kept in memory per recording while its disk refuses writes; ms. What is older becomes silence and is listed. */
export const MAX_PENDING_MS = 10_000;
/** The same while the disk takes what it is given, but late: a stall of 10 s and rounds as long as that lose nothing; ms. */
export const MAX_LATE_MS = 60_000;
/** Time between two rounds of writing and syncing; ms. With the poll and the reorder window before it, a crash costs less than a second. */
export const ROUND_MS = 250;
/** Time between two attempts on a recording whose disk refused a write; ms. */
export const RETRY_MS = 1000;
/** A recording whose disk has refused for this long is given up: from here on its audio would be lost; ms. */
export const GIVE_UP_MS = MAX_PENDING_MS;
/** Time between two looks whether the writer thread answers; ms. */
export const WATCH_MS = 250;
/** Looks without an answer that make a stall: a disk holds the thread for a second. */
export const STALL_LOOKS = 4;
/** With less room than this no recording is opened: a segment; bytes. */
export const MIN_FREE_BYTES = SEGMENT_FRAMES * FRAME_BYTES;
/** Longest name of a recording's folder, bytes. */
export const MAX_FOLDER_NAME = 200;
/** Longest line of a manifest that is written; a longer one (metadata of megabytes) is replaced by a warning. */
export const MAX_LINE_BYTES = 1_048_576;
/** Bytes read at a time when audio is read or hashed. */
export const READ_CHUNK_BYTES = 65_536;
/** Segments whose hash is remembered, at about 400 bytes of memory each: 16 hours of audio. */
export const MAX_KNOWN_HASHES = 1000;
