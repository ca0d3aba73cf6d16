/** Operations in one request. */
export const MAX_OPERATIONS = 64;
/** Characters of an instance name, a connection tag or a mark. */
export const MAX_NAME = 128;
/** `rec:param` and `rec:user-param` elements, each, in one recorder command. */
export const MAX_PARAMS = 128;
/** Characters of a parameter's name or value. */
export const MAX_PARAM = 2_048;
/** `rec:stream` elements in one recorder command. */
export const MAX_STREAMS = 32;
/** Name and value pairs of one event. */
export const MAX_EVENT_VALUES = 128;
/** Longest `backfill-ms`; what a server really keeps is its own matter. */
export const MAX_BACKFILL_MS = 60_000;
/** `<audio>` elements of one `<play>`. */
export const MAX_AUDIO = 16;
/** Times that a `<play>` may be repeated, where it is not for ever. */
export const MAX_ITERATIONS = 1_000_000;
/** Longest `interval` and `maxtime`: a day. */
export const MAX_TIME_MS = 86_400_000;
/** Deviations from RFC 5707 that a report lists. */
export const MAX_DEVIATIONS = 256;
/** Characters of an event's name, and of the target of a `<send>`. */
export const MAX_EVENT_NAME = 256;
/** Items of a `valuelist`, a `namelist` or a `statelist`. */
export const MAX_LIST = 128;
/** `<pattern>` of one `<collect>`. */
export const MAX_PATTERNS = 64;
/** `<tone>` and `<silence>` of one `<tonegen>`. */
export const MAX_TONES = 64;
/** Digits of one `<dtmfgen>`. */
export const MAX_DIGITS = 128;
/** `<auditresult>` of one result. */
export const MAX_AUDIT_RESULTS = 1_000;
