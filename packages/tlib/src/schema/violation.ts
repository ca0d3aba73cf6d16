import { MAX_ECHO_LENGTH } from "./limits.ts";

/** What is wrong with a message: the place, and what should stand there. Never the value: it may be a secret. */
export interface Violation {
  /** `ThisDN`, `UserData.CustomerId`; undefined where the envelope is wrong. */
  readonly attribute: string | undefined;
  readonly reason: string;
}

/** A foreign name for an error text: short, on one line, well-formed. */
export function quoted(name: string): string {
  const short = name.length <= MAX_ECHO_LENGTH ? name : `${name.slice(0, MAX_ECHO_LENGTH)}…`;
  return JSON.stringify(short.toWellFormed());
}
