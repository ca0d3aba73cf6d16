/** Contacts that one DN may have at a time. */
export const maxContactsPerDn = 10;

/** Longest Contact URI and longest parameter text that are kept. */
export const maxContactLength = 2048;

/** RFC 3261 10.2.1.1: registration without a wish, seconds. */
export const defaultExpires = 3600;

/** RFC 3261 10.3: wishes of an hour and more are never too brief, seconds. */
export const neverTooBrief = 3600;

/** How often bindings that ran out are cleared away, ms; they are ignored from the moment they run out. */
export const sweepMs = 5000;
