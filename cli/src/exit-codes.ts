/** Exit codes of `sidetone` (operations.md); 3 and 130 are ours. */
export const exitCodes = {
  ok: 0,
  /** Bad configuration, or a command that failed. */
  failed: 1,
  portInUse: 2,
  /** A part did not stop in time; its files may lack their last lines. */
  stoppedLate: 3,
  /** A second Ctrl-C, at least a second after the first. */
  forced: 130,
} as const;
