/** How long a locked file is waited for before it counts as in use: longer than an orderly stop takes to let go. */
export const busyTimeoutMs = 2000;

/** Units in one transaction: bounds the time between two commits. */
export const maxUnitsPerBatch = 2000;

/** Units that may wait for the disk before more are refused: a disk that hangs must not fill the memory. */
export const maxQueuedUnits = 200_000;

/** Compiled statements kept by the worker. */
export const maxPreparedStatements = 200;

/** How long a write that nobody waits for may wait for company, ms: the journal may lose as much in a crash. */
export const maxLingerMs = 20;
