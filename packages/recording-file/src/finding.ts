/** Something wrong with what is on a disk: where, what, and what to do. */
export interface Finding {
  /** File or folder, below what was looked at, with the position in the audio where it has one. */
  readonly place: string;
  /** What is said of the place: "was changed". */
  readonly reason: string;
  readonly remedy: string;
}

/** Place and reason as one line. */
export function findingText({ place, reason }: Finding): string {
  return `${place} ${reason}`;
}
