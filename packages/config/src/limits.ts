/** Largest configuration file, in bytes: 50,000 DNs take about 4 MB. */
export const maxFileBytes = 32 * 1024 * 1024;
/** Mistakes that are reported at once; a file of another kind would give thousands. */
export const maxMistakes = 100;
/** Deepest nesting of values. */
export const maxDepth = 32;
/** Longest time a duration may say: 400 days, in ms. */
export const maxDurationMs = 400 * 24 * 3600 * 1000;
