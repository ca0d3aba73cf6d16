import { createHash } from "node:crypto";
import type { Cancel, Clock, RandomBytes } from "@sidetone/foundation";
import { maxCachedSessions, seenEveryMs, sessionCacheMs, sessionSweepMs } from "../limits.ts";
import type { ConsoleStore } from "../store/console-store.ts";
import type { StoredSession } from "../store/session-table.ts";
import type { Account, Accounts } from "./accounts.ts";

/** A log-in that is good, and whose it is. */
export interface Session {
  /** Of the cookie's token. */
  readonly tokenHash: string;
  /** What the page sends with everything that changes something. */
  readonly csrfToken: string;
  /** How the user logged in. */
  readonly kind: "password" | "oidc";
  readonly account: Account;
  /** Wall-clock microseconds; later with every use, up to the longest time. */
  readonly expiresAt: number;
}

interface Cached {
  /** Clock milliseconds at which the store said so. */
  readonly at: number;
  readonly stored: StoredSession;
  readonly account: Account;
}

/**
 * Sessions of cookies: of each only a hash of its token is kept, in the store, so that it survives a restart. One ends when nobody used it for a
 * while, after its longest time, at log-out, and when its user is disabled, removed or gets another password; what is still being sent to its
 * browser ends with it.
 */
export class Sessions {
  readonly #table: ConsoleStore["sessions"];
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #idle: number;
  readonly #longest: number;
  readonly #cache = new Map<string, Cached>();
  readonly #streams = new Map<string, Set<() => void>>();
  readonly #stopSweep: Cancel;

  constructor(o: {
    readonly table: ConsoleStore["sessions"];
    readonly accounts: Accounts;
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly idleMs: number;
    readonly longestMs: number;
  }) {
    this.#table = o.table;
    this.#accounts = o.accounts;
    this.#clock = o.clock;
    this.#random = o.random;
    this.#idle = o.idleMs * 1000;
    this.#longest = o.longestMs * 1000;
    this.#stopSweep = o.clock.every(sessionSweepMs, () => void this.#sweep().catch(() => undefined));
  }

  /** Longest life of a session; seconds. */
  get longestSeconds(): number {
    return Math.floor(this.#longest / 1e6);
  }

  /** Begins a session; `token` is for the cookie and nowhere else. */
  async begin(account: Account, kind: Session["kind"], address: string): Promise<{ token: string; session: Session }> {
    const token = this.#secret();
    const now = this.#clock.wallMicros();
    const stored: StoredSession = {
      tokenHash: hashOf(token),
      user: account.name,
      csrfToken: this.#secret(),
      kind,
      stamp: this.#stamp(token, account),
      address,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + Math.min(this.#idle, this.#longest),
    };
    await this.#table.add(stored);
    return { token, session: sessionOf(stored, account) };
  }

  /** The session of a cookie, which is used by this; undefined: there is none, or no longer. */
  async use(token: string): Promise<Session | undefined> {
    const tokenHash = hashOf(token);
    const known = await this.#known(tokenHash, token);
    if (known === undefined) return undefined;
    const { stored, account } = known;
    const now = this.#clock.wallMicros();
    if (stored.expiresAt <= now) return undefined;
    const expiresAt = Math.min(now + this.#idle, stored.createdAt + this.#longest);
    if (now - stored.lastSeenAt >= Math.min(seenEveryMs * 1000, this.#idle / 10)) {
      const seen = { ...stored, lastSeenAt: now, expiresAt };
      // Only where it was not ended meanwhile.
      if (this.#cache.get(tokenHash) === known) this.#cache.set(tokenHash, { ...known, stored: seen });
      await this.#table.seen(tokenHash, now, expiresAt);
      return sessionOf(seen, account);
    }
    return sessionOf(stored, account);
  }

  /** Ends one. */
  async end(tokenHash: string): Promise<void> {
    await this.#table.remove(tokenHash);
    this.#drop(tokenHash);
  }

  /** Ends those of a user, but for one. */
  async endOfUser(name: string, except?: string): Promise<void> {
    await this.#table.removeOfUser(name, except);
    this.changed(name, except);
  }

  /** What a user is or may do has changed: it holds from now on, also for what is open. */
  changed(name: string, except?: string): void {
    for (const [tokenHash, { account }] of this.#cache) {
      if (account.name !== name) continue;
      if (tokenHash === except) this.#cache.delete(tokenHash);
      else this.#drop(tokenHash);
    }
  }

  /** Something open that ends with the session; gives what to call when it is over by itself. */
  attach(tokenHash: string, stop: () => void): () => void {
    const streams = this.#streams.get(tokenHash) ?? new Set();
    streams.add(stop);
    this.#streams.set(tokenHash, streams);
    return () => {
      streams.delete(stop);
      if (streams.size === 0 && this.#streams.get(tokenHash) === streams) this.#streams.delete(tokenHash);
    };
  }

  /** Stops looking after them; they stay in the store. Idempotent. */
  close(): void {
    this.#stopSweep();
  }

  async #known(tokenHash: string, token: string): Promise<Cached | undefined> {
    const cached = this.#cache.get(tokenHash);
    if (cached !== undefined && this.#clock.now() - cached.at < sessionCacheMs) return cached;
    const stored = await this.#table.get(tokenHash, this.#clock.wallMicros());
    const account = stored === undefined ? undefined : await this.#accounts.find(stored.user);
    const good = account !== undefined && !account.disabled && stored?.stamp === this.#stamp(token, account);
    if (stored === undefined || account === undefined || !good) {
      this.#drop(tokenHash);
      return undefined;
    }
    const known = { at: this.#clock.now(), stored, account };
    this.#cache.delete(tokenHash);
    this.#cache.set(tokenHash, known);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= maxCachedSessions) break;
      this.#cache.delete(oldest);
    }
    return known;
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.wallMicros();
    await this.#table.removeExpired(now);
    for (const tokenHash of Array.from(this.#streams.keys()))
      if ((await this.#table.get(tokenHash, now)) === undefined) this.#drop(tokenHash);
    for (const [tokenHash, { stored }] of this.#cache) if (stored.expiresAt <= now) this.#drop(tokenHash);
  }

  #drop(tokenHash: string): void {
    this.#cache.delete(tokenHash);
    const streams = this.#streams.get(tokenHash);
    this.#streams.delete(tokenHash);
    for (const stop of streams ?? []) stop();
  }

  #stamp(token: string, account: Account): string {
    return hashOf(`${token}\n${account.source}\n${this.#accounts.sessionSecret(account.name)}`);
  }

  /** 256 bits. */
  #secret(): string {
    return Buffer.from(this.#random(32)).toString("base64url");
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sessionOf({ tokenHash, csrfToken, kind, expiresAt }: StoredSession, account: Account): Session {
  return { tokenHash, csrfToken, kind: kind === "oidc" ? "oidc" : "password", account, expiresAt };
}
