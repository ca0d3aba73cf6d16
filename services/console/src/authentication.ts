import type { ConsoleUser } from "@sidetone/config";
import type { Clock } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import { GuessLimit } from "./guess-limit.ts";
import { maxAuthorizationLength } from "./limits.ts";

/** Who asks: a user of the configuration, a program with the API's token, or, where no users are configured, anybody. */
export type Visitor =
  | { readonly kind: "user"; readonly user: ConsoleUser }
  | { readonly kind: "program" }
  | { readonly kind: "anybody" };

/** Whether a request may go on. */
export type Admission =
  | { readonly kind: "admitted"; readonly visitor: Visitor }
  | { readonly kind: "unknown" }
  | { readonly kind: "wait"; readonly seconds: number };

/** HTTP Basic (RFC 7617) with the console's users, or the bearer token of the API. Without users everybody may. */
export class Authentication {
  readonly #users: readonly ConsoleUser[];
  readonly #token: string | undefined;
  readonly #guesses: GuessLimit;

  constructor(users: readonly ConsoleUser[], token: string | undefined, clock: Clock) {
    this.#users = users;
    this.#token = token;
    this.#guesses = new GuessLimit(clock);
  }

  /** @param ip of the client: guesses are counted per user and address. */
  admit(authorization: string | undefined, ip: string): Admission {
    if (this.#users.length === 0) return { kind: "admitted", visitor: { kind: "anybody" } };
    if (authorization === undefined || authorization.length > maxAuthorizationLength) return { kind: "unknown" };
    const space = authorization.indexOf(" ");
    const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
    const value = authorization.slice(space + 1).trim();
    if (scheme === "bearer") return this.#bearer(value, ip);
    return scheme === "basic" ? this.#basic(value, ip) : { kind: "unknown" };
  }

  #bearer(value: string, ip: string): Admission {
    const token = this.#token;
    return this.#limited(`${ip} token`, () =>
      token !== undefined && secretEqual(value, token) ? { kind: "program" } : undefined,
    );
  }

  #basic(value: string, ip: string): Admission {
    const text = Buffer.from(value, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return { kind: "unknown" };
    const name = text.slice(0, colon);
    const password = text.slice(colon + 1);
    return this.#limited(`${ip} ${name}`, () => {
      let found: Visitor | undefined;
      // Every user is compared, so that the time does not tell which names exist.
      for (const user of this.#users) {
        const matches = secretEqual(`${name}:${password}`, `${user.name}:${user.password}`);
        if (matches) found = { kind: "user", user };
      }
      return found;
    });
  }

  #limited(key: string, check: () => Visitor | undefined): Admission {
    const seconds = this.#guesses.waitSeconds(key);
    if (seconds > 0) return { kind: "wait", seconds };
    const visitor = check();
    if (visitor === undefined) {
      this.#guesses.failed(key);
      return { kind: "unknown" };
    }
    this.#guesses.succeeded(key);
    return { kind: "admitted", visitor };
  }
}
