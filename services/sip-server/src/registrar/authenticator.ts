import type { DnConfig } from "@sidetone/config";
import type { Logger } from "@sidetone/foundation";
import {
  type DigestVerifier,
  type Flow,
  type GuessGuard,
  type NameAddr,
  type SipRequest,
  algorithmNamed,
  sameHost,
  splitList,
  unquote,
  userOf,
} from "@sidetone/sip";
import { OfferedAlgorithms } from "./offered-algorithms.ts";

/** Whether a request comes from one of our DNs. */
export type AuthResult =
  | { readonly kind: "accepted"; readonly dn: string }
  | { readonly kind: "challenge"; readonly status: 401; readonly headers: readonly (readonly [string, string])[] }
  | {
      readonly kind: "refused";
      readonly status: 403 | 503;
      readonly reason: string;
      /** Seconds, with 503. */
      readonly retryAfter?: number;
    };

/** Counts for the metrics. */
export interface AuthCounts {
  readonly accepted: number;
  readonly challenged: number;
  readonly failed: number;
  readonly slowed: number;
}

export interface AuthenticatorOptions {
  readonly realm: string;
  /** Read at each request: the configuration may be read again. */
  readonly dns: () => ReadonlyMap<string, DnConfig>;
  readonly verifier: DigestVerifier;
  readonly guard: GuessGuard;
  readonly log: Logger;
}

/**
 * Digest authentication of phones (RFC 7616, RFC 8760), for REGISTER and for requests that begin a dialog.
 *
 * - A user that does not exist, or has no password, is answered like one with a wrong password.
 * - Who guesses is slowed down per user and source address: after some free tries every request with credentials gets
 *   503 with Retry-After for a growing time, whether the password is right or not; a request without gets its 401.
 */
export class Authenticator {
  readonly #o: AuthenticatorOptions;
  readonly #algorithms = new OfferedAlgorithms();
  #accepted = 0;
  #challenged = 0;
  #failed = 0;
  #slowed = 0;

  constructor(o: AuthenticatorOptions) {
    this.#o = o;
  }

  /** Judges a request; sends nothing. Accepted means too that From names the DN that knew the password, unless that is a trunk. */
  check(request: SipRequest, flow: Flow): AuthResult {
    const dns = this.#o.dns();
    const source = flow.remote.host;
    let guessed:
      | { readonly user: string; readonly key: string; readonly allowed: ReturnType<GuessGuard["allow"]> }
      | undefined;
    const verdict = this.#o.verifier.verify(request.headers.all("Authorization"), {
      method: request.method,
      realm: this.#o.realm,
      uri: request.uri,
      passwordOf: (user) => {
        const key = `${user}|${source}`;
        guessed = { user, key, allowed: this.#o.guard.allow(key) };
        return guessed.allowed === true ? passwordToUs(dns.get(user)) : undefined;
      },
    });
    // Whatever the verdict: `stale` too would say that the password was right.
    if (guessed !== undefined && guessed.allowed !== true) {
      this.#slowed += 1;
      return { kind: "refused", status: 503, reason: "Service Unavailable", retryAfter: guessed.allowed.retryAfterS };
    }
    if (verdict.kind === "absent" || verdict.kind === "stale")
      return this.#challenge(request, guessed?.user, verdict.kind === "stale");
    if (verdict.kind === "refused") {
      // Without a guess nobody's password was tried: a field was missing, or the credentials were for another URI.
      if (guessed !== undefined) this.#o.guard.failed(guessed.key);
      this.#failed += 1;
      this.#o.log.warn(
        { user: verdict.user, source, callId: request.callId, why: verdict.reason },
        "authentication failed",
      );
      return this.#challenge(request, guessed?.user, false);
    }
    if (guessed !== undefined) this.#o.guard.succeeded(guessed.key);
    const allowed = dns.get(verdict.user)?.digestAlgorithms ?? [];
    if (!algorithmsOf(request).every((algorithm) => allowed.some((one) => one === algorithm))) {
      this.#o.log.warn(
        { dn: verdict.user, source, callId: request.callId },
        "a digest algorithm that the DN does not allow",
      );
      return this.#challenge(request, guessed?.user, false);
    }
    // A trunk calls with the numbers of others in From.
    const trunk = request.method !== "REGISTER" && dns.get(verdict.user)?.type === "trunk";
    if (!trunk && !fromIs(request.from, verdict.user)) {
      this.#o.log.warn({ dn: verdict.user, source, callId: request.callId }, "From is not the authenticated DN");
      return { kind: "refused", status: 403, reason: "From Is Not The Authenticated User" };
    }
    this.#accepted += 1;
    return { kind: "accepted", dn: verdict.user };
  }

  counts(): AuthCounts {
    return { accepted: this.#accepted, challenged: this.#challenged, failed: this.#failed, slowed: this.#slowed };
  }

  #challenge(request: SipRequest, claimed: string | undefined, stale: boolean): AuthResult {
    this.#challenged += 1;
    const user = claimed ?? (request.from === undefined ? undefined : userOf(request.from.uri));
    const algorithms = this.#algorithms.of(user, this.#o.dns(), request.method === "INVITE");
    const values = this.#o.verifier.challenge(this.#o.realm, algorithms, stale);
    return { kind: "challenge", status: 401, headers: values.map((value) => ["WWW-Authenticate", value] as const) };
  }
}

/** A trunk that is known by its address has its password for what it asks of us: with that nobody is the trunk. */
function passwordToUs(dn: DnConfig | undefined): string | undefined {
  return dn?.type === "trunk" && dn.inboundAuthentication !== "digest" ? undefined : dn?.password;
}

/** RFC 3323: a phone may hide its name from the called party; who it is the password said. */
function fromIs(from: NameAddr | undefined, dn: string): boolean {
  return from !== undefined && (userOf(from.uri) === dn || sameHost(from.uri.host, "anonymous.invalid"));
}

/** RFC 7616 5.2: the algorithms that the credentials use. The nonce of another DN's challenge must not open the door to a weaker one. */
function algorithmsOf(request: SipRequest): (string | undefined)[] {
  return request.headers.all("Authorization").map((value) => {
    const fields = splitList(value.slice(value.indexOf(" ") + 1));
    const named = fields.find((field) => field.slice(0, field.indexOf("=")).trim().toLowerCase() === "algorithm");
    return algorithmNamed(named === undefined ? undefined : unquote(named.slice(named.indexOf("=") + 1).trim()));
  });
}
