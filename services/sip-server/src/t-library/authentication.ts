import type { AccessTokenVerifier } from "@sidetone/access-token";
import type { ApplicationConfig } from "@sidetone/config";
import { fail, type Logger, ok, type Result } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import type { GuessGuard } from "@sidetone/sip";
import type { SessionOpenAttributes } from "@sidetone/tlib";
import type { Application } from "./context.ts";
import { maxRefusalDelayMs } from "./limits.ts";
import type { RefusalDelay } from "./refusal-delay.ts";
import { Rights } from "./rights.ts";

/** Before a person's name, so that no application of the configuration can have it. */
const userPrefix = "user:";

/** What authentication of applications and people needs. */
export interface AuthenticationOptions {
  readonly guard: GuessGuard;
  readonly refusals: RefusalDelay;
  readonly log: Logger;
  /** Read at each attempt: the configuration may be read again. */
  applications(): ReadonlyMap<string, ApplicationConfig>;
  /** Judges the access tokens of people; undefined where no key is configured. */
  readonly tokens?: AccessTokenVerifier | undefined;
}

/**
 * Who opens a session. An application that does not exist is refused like one with a wrong password; who guesses waits,
 * per application and source address, and is then refused without a look at the password. A person shows a token of the console.
 */
export class ApplicationDoor {
  readonly #o: AuthenticationOptions;
  #failed = 0;

  constructor(o: AuthenticationOptions) {
    this.#o = o;
  }

  /** Refused attempts. */
  get failed(): number {
    return this.#failed;
  }

  /** @param source the client's address */
  async authenticate(open: SessionOpenAttributes, source: string): Promise<Result<Application, string>> {
    if (open.AccessToken !== undefined) return this.#person(open.ApplicationName, open.AccessToken, source);
    const { guard, refusals, log } = this.#o;
    const name = open.ApplicationName;
    const key = `${name}|${source}`;
    const allowed = guard.allow(key);
    const configured = this.#o.applications().get(name);
    // The comparison takes its time for a stranger too.
    const right = secretEqual(configured?.password ?? "", open.ApplicationPassword ?? "");
    if (allowed === true && right && configured !== undefined && open.ApplicationPassword !== undefined) {
      guard.succeeded(key);
      return ok(new ConfiguredApplication(name, () => this.#o.applications().get(name)));
    }
    this.#failed += 1;
    if (allowed === true) guard.failed(key);
    log.warn({ application: name.slice(0, 64), source, slowed: allowed !== true }, "T-Library authentication failed");
    if (allowed !== true) await refusals.wait(Math.min(allowed.retryAfterS * 1000, maxRefusalDelayMs));
    return fail("the application's name or password is wrong");
  }

  /**
   * tlib-wire.md, "Rights". Everybody behind one console has one address, and a signature cannot be guessed: bad tokens make bad
   * ones slow, a good one is always taken.
   */
  async #person(client: string, token: string, source: string): Promise<Result<Application, string>> {
    const { guard, refusals, log, tokens } = this.#o;
    const key = `${userPrefix}|${source}`;
    const read =
      tokens === undefined
        ? fail("no key for access tokens: sip-server.token-secret is not set")
        : tokens.verify(token);
    if (read.ok) {
      const { user, grants } = read.value;
      return ok({ name: userPrefix + user, destinations: [], rights: new Rights(grants, undefined) });
    }
    this.#failed += 1;
    const allowed = guard.allow(key);
    if (allowed === true) guard.failed(key);
    const slowed = allowed !== true;
    log.warn({ client: client.slice(0, 64), source, slowed, reason: read.error }, "T-Library: access token refused");
    if (allowed !== true) await refusals.wait(Math.min(allowed.retryAfterS * 1000, maxRefusalDelayMs));
    return read;
  }
}

/** An application with what the configuration lets it do at this moment: nothing, once it is taken out. */
export class ConfiguredApplication implements Application {
  readonly name: string;
  readonly #configured: () => ApplicationConfig | undefined;
  #read: ApplicationConfig | undefined;
  #rights: Rights;

  constructor(name: string, configured: () => ApplicationConfig | undefined) {
    this.name = name;
    this.#configured = configured;
    this.#read = configured();
    this.#rights = rightsOf(this.#read);
  }

  get rights(): Rights {
    const now = this.#configured();
    if (now !== this.#read) {
      this.#read = now;
      this.#rights = rightsOf(now);
    }
    return this.#rights;
  }

  get destinations(): readonly string[] {
    return this.#configured()?.destinations ?? [];
  }
}

function rightsOf(configured: ApplicationConfig | undefined): Rights {
  return configured === undefined ? new Rights([], []) : new Rights(configured.grants, configured.userDataKeys);
}
