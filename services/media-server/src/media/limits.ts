/** Samples per second of every stream. */
export const SAMPLE_RATE = 8000;
/** How much of each leg is kept for those who start to record late; ms. */
export const LEG_HISTORY_MS = 2000;
/** Octets of a leg's history: 2 s of G.711 at 10 ms packets, with room. */
export const LEG_HISTORY_OCTETS = 24 * 1024;
export const LEG_HISTORY_PACKETS = 256;
/** Octets of whole packets whose source is not announced yet. */
export const EARLY_OCTETS = 32 * 1024;
export const EARLY_PACKETS = 256;
/**
 * How much a tap keeps, sent or not; ms. An outage of 10 s (R31), and before it what a recorder was sent between its last
 * sign of life and the moment it was missed (`REWIND_MS` and its watch).
 */
export const TAP_BUFFER_MS = 15_000;
/** 15 s of G.711. */
export const TAP_BUFFER_OCTETS = 118 * 1024;
/** 15 s of 10 ms packets. */
export const TAP_BUFFER_PACKETS = 1536;
/**
 * Packets that leave a tap's buffer at once, then per pacing step: a recorder's socket holds some 250, and one that has just started does
 * not read for half a second.
 */
export const FLUSH_BURST = 30;
export const FLUSH_STEP = 3;
export const FLUSH_STEP_MS = 10;
/** Sender reports of a tap; ms. */
export const TAP_REPORT_MS = 2000;
/** Mean time between reports to a phone; ms (RFC 3550 6.2). */
export const LEG_REPORT_MS = 5000;
/** How often timers of legs and taps are looked at; ms. */
export const TICK_MS = 100;
/** A leg that a recorder should hear, and that was not heard once while its peer sent for this long, is missing; ms. */
export const UNHEARD_MS = 5000;
/** R33. */
export const INACTIVE_AFTER_MS = 90_000;
/** Who sends nothing for this long may have got another port from a NAT; ms. */
export const LATCH_QUIET_MS = 1000;
/** Kernel receive buffer of a leg; octets. */
export const LEG_RECEIVE_BUFFER = 200_000;
/** Longest payload that is relayed; octets. */
export const MAX_PAYLOAD = 1500;
/** Samples of a frame that is mixed or played: 20 ms. */
export const FRAME = 160;
/** How often it is looked whether a frame is due; ms. */
export const FRAME_TICK_MS = 10;
/** Frames that phones are sent at once after a stall of our own; what is older is left out. */
export const MAX_LATE_FRAMES = 8;
/** Least delay of what is mixed, for the phase between packets and frames; samples: 30 ms. */
export const MIX_DELAY = 240;
/** Most jitter that mixing waits for; samples: 200 ms. */
export const MIX_MAX_JITTER = 1600;
/** Samples that a member's buffer holds: 1 s. A power of two. */
export const MIX_RING = 8192;
/** Where the source of a phone's stream changes, this much may be left out so that time stamps go on; samples: 60 ms. */
export const SEAM = 480;
/** How long a mixed replica waits for late packets; samples: 300 ms. Nobody listens to it now. */
export const TAP_MIX_DELAY = 2400;
/** Samples that the buffer of one source of a mixed replica holds: 4 s, so a whole backfill. A power of two. */
export const TAP_MIX_RING = 32_768;
/** Octets of a local recording that may wait for the disk: a minute and more. */
export const MAX_UNWRITTEN_OCTETS = 2_000_000;
/** How far ahead overlays are made: 60 ms, so that packets that come early find them; samples. */
export const TRACK_AHEAD = 480;
/** Samples of an overlay that are kept: 1 s, so for phones whose packets come that late. A power of two. */
export const TRACK_RING = 8192;
/** Where nothing was relayed to a phone for this long an overlay is sent on its own: 100 ms, in samples. */
export const RELAY_STALE = 800;
/** Samples of noise that are made for a level: 2 s. */
export const COMFORT_NOISE_SAMPLES = 16_000;
/** Octets of a local recording that are handed over at once: 1 s of 16-bit samples. */
export const FILE_CHUNK_OCTETS = 16_000;
/** Members of one conference. */
export const MAX_CONFERENCE = 32;
/** Gain of a stream or a play, dB. */
export const MIN_GAIN_DB = -96;
export const MAX_GAIN_DB = 36;
