import { hash, parseOptions, verify } from "@node-rs/argon2";
import { SidetoneError } from "@sidetone/foundation";
import { hashesAtOnce, maxWaitingHashes } from "../limits.ts";

/** OWASP's first choice for argon2id, which is the library's default too: 19 MiB, two passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Of no password: what an unknown name is compared with, so that it takes as long as a known one. */
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$c2lkZXRvbmUgbm9ib2R5IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** Hashes of passwords by argon2id, computed in threads, a few at a time: who tries many waits, and the disk does not. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** PHC string, with its own salt. @throws SidetoneError `log-in-busy` (503) */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, cost));
  }

  /** Whether it is the password of a hash; without a hash never, and as slowly. @throws SidetoneError `log-in-busy` (503) */
  async matches(hashed: string | undefined, password: string): Promise<boolean> {
    const same = await this.#inTurn(() => verify(hashed ?? nobody, password));
    return same && hashed !== undefined;
  }

  /** Whether a hash was made with less work than one that is made now. */
  isOutdated(hashed: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(hashed);
    return memoryCost < cost.memoryCost || timeCost < cost.timeCost || parallelism !== cost.parallelism;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= hashesAtOnce) {
      if (this.#waiting.length >= maxWaitingHashes) {
        throw new SidetoneError("log-in-busy", "Too many passwords wait to be checked.", {
          http: 503,
          remedy: "Try again in a few seconds.",
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
