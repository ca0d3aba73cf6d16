import { type RandomBytes, randomHex } from "@sidetone/foundation";
import { RESUME_TOKEN_BYTES } from "./limits.ts";

/** tlib-wire.md "Session" 4: a token resumes once; the old one stays valid until the client has shown that it has the new one. */
export class ResumeTokens {
  readonly #random: RandomBytes;
  #old: string | undefined;
  #issued: string | undefined;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  matches(token: string): boolean {
    // Both are compared, so that the time does not tell which.
    const old = sameSecret(token, this.#old);
    return sameSecret(token, this.#issued) || old;
  }

  /** The token for a new connection. `shown` is the one that the client has proved to have. */
  issue(shown?: string): string {
    this.#old = shown;
    this.#issued = randomHex(this.#random, RESUME_TOKEN_BYTES);
    return this.#issued;
  }

  /** The client has sent a message on its new connection: it has read SessionOpened. */
  confirm(): void {
    this.#old = undefined;
  }
}

function sameSecret(given: string, kept: string | undefined): boolean {
  if (kept === undefined || given.length !== kept.length) return false;
  let difference = 0;
  for (let i = 0; i < kept.length; i++) difference |= given.charCodeAt(i) ^ kept.charCodeAt(i);
  return difference === 0;
}
