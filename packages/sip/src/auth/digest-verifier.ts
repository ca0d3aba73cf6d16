import { createHmac, timingSafeEqual } from "node:crypto";
import { systemRandom } from "@sidetone/foundation";
import type { Clock, RandomBytes } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { quote, readable, wireText } from "../message/characters.ts";
import { parseUri, uriEquals } from "../message/uri.ts";
import { algorithmNamed, digestResponse, NOBODYS_PASSWORD, parseDigestFields } from "./credentials.ts";
import type { DigestAlgorithm } from "./credentials.ts";

/** What is to be checked. */
export interface DigestQuestion {
  readonly method: string;
  readonly realm: string;
  /** The Request-URI; when given, the credentials must be for it (RFC 7616 3.4.6). */
  readonly uri?: string;
  readonly passwordOf: (user: string, realm: string) => string | undefined;
}

/** `stale`: the password was right, the nonce was not: challenge again with `stale`. `absent`: no Digest credentials for this realm. */
export type DigestVerdict =
  | { readonly kind: "accepted"; readonly user: string }
  | { readonly kind: "stale" }
  | { readonly kind: "refused"; readonly reason: string; readonly user?: string }
  | { readonly kind: "absent" };

interface Counts {
  /** Highest count seen. */
  highest: number;
  /** Bit n: the count n below the highest was seen. */
  seen: number;
  readonly issued: number;
}

// Requests of one client may overtake each other: this many counts back are still taken, each once.
const NC_WINDOW = 31;

/**
 * The server's side of Digest (RFC 7616, RFC 8760), qop=auth. Nonces are not stored: each holds its time and an HMAC that
 * binds it to realm and algorithm, so that a challenge cannot be answered with a weaker hash. Only the counts of nonces
 * that were used well are kept, against replay.
 */
export class DigestVerifier {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #lifetimeMs: number;
  readonly #key: Uint8Array;
  readonly #counts = new Map<string, Counts>();
  /** Nonces issued up to here are stale: their counts were given up for room. */
  #floor = -1;

  readonly #maxNonces: number;

  /** `nonceLifetimeMs`: default 60 000. `maxNonces`: nonces whose counts are remembered, default `LIMITS.digestNonces`. */
  constructor(o: { clock: Clock; random?: RandomBytes; nonceLifetimeMs?: number; maxNonces?: number }) {
    this.#maxNonces = o.maxNonces ?? LIMITS.digestNonces;
    this.#clock = o.clock;
    this.#random = o.random ?? systemRandom;
    this.#lifetimeMs = o.nonceLifetimeMs ?? 60_000;
    this.#key = this.#random(32);
  }

  /** Values for WWW-Authenticate or Proxy-Authenticate, one header line each, in the order given: the preferred first (RFC 8760 2.3). */
  challenge(realm: string, algorithms: readonly DigestAlgorithm[], stale = false): string[] {
    return algorithms.map((algorithm) => {
      const nonce = this.#nonce(realm, algorithm);
      const tail = stale ? ", stale=true" : "";
      return `Digest realm=${quote(wireText(realm))}, nonce="${nonce}", algorithm=${algorithm}, qop="auth"${tail}`;
    });
  }

  /** Checks Authorization values; of several the first Digest one for the realm counts. */
  verify(authorization: string | readonly string[] | undefined, question: DigestQuestion): DigestVerdict {
    const values =
      authorization === undefined ? [] : typeof authorization === "string" ? [authorization] : authorization;
    const realm = wireText(question.realm);
    let malformed = false;
    for (const value of values.slice(0, LIMITS.digestChallenges)) {
      const fields = parseDigestFields(value);
      if (fields === undefined) malformed ||= value.slice(0, 7).toLowerCase() === "digest ";
      else if (fields.get("realm") === realm) return this.#check(fields, question);
    }
    return malformed ? { kind: "refused", reason: "malformed credentials" } : { kind: "absent" };
  }

  #check(fields: Map<string, string>, question: DigestQuestion): DigestVerdict {
    const get = (name: string) => fields.get(name) ?? "";
    const user = readable(get("username"));
    const refused = (reason: string): DigestVerdict => ({ kind: "refused", reason, user });
    const algorithm = algorithmNamed(fields.get("algorithm"));
    const nc = get("nc");
    if (algorithm === undefined) return refused("an algorithm that was not offered");
    if (user === "" || get("nonce") === "" || get("response") === "" || get("uri") === "")
      return refused("a field is missing");
    if (get("qop").toLowerCase() !== "auth" || get("cnonce") === "" || !isNonceCount(nc)) return refused("no qop=auth");
    if (question.uri !== undefined && !sameUri(get("uri"), question.uri)) return refused("credentials for another URI");

    const password = question.passwordOf(user, question.realm);
    const expected = digestResponse({
      algorithm,
      username: get("username"),
      realm: get("realm"),
      password: wireText(password ?? NOBODYS_PASSWORD),
      method: question.method,
      uri: get("uri"),
      nonce: get("nonce"),
      qop: { nc, cnonce: get("cnonce") },
    });
    const right = equalText(expected, get("response").toLowerCase());
    if (password === undefined || !right) return refused(password === undefined ? "unknown user" : "wrong password");
    const issued = this.#issuedAt(get("nonce"), get("realm"), algorithm);
    if (issued === undefined || issued <= this.#floor || this.#clock.now() - issued > this.#lifetimeMs)
      return { kind: "stale" };
    return this.#countOnce(get("nonce"), Number.parseInt(nc, 16), issued)
      ? { kind: "accepted", user }
      : { kind: "stale" };
  }

  /** Time in milliseconds, salt, HMAC over both, the realm and the algorithm. */
  #nonce(realm: string, algorithm: DigestAlgorithm): string {
    const time = Math.floor(this.#clock.now()).toString(16);
    const salt = Buffer.from(this.#random(8)).toString("hex");
    return `${time}.${salt}.${this.#mac(`${time}.${salt}`, wireText(realm), algorithm)}`;
  }

  #mac(head: string, realm: string, algorithm: DigestAlgorithm): string {
    return createHmac("sha256", this.#key).update(`${head}:${algorithm}:${realm}`).digest("hex").slice(0, 32);
  }

  #issuedAt(nonce: string, realm: string, algorithm: DigestAlgorithm): number | undefined {
    const [time, salt, mac, more] = nonce.split(".", 4);
    if (time === undefined || salt === undefined || mac === undefined || more !== undefined) return undefined;
    if (!equalText(this.#mac(`${time}.${salt}`, realm, algorithm), mac)) return undefined;
    return Number.parseInt(time, 16);
  }

  /** Whether this count of this nonce is used for the first time. */
  #countOnce(nonce: string, count: number, issued: number): boolean {
    const counts = this.#counts.get(nonce);
    if (counts === undefined) {
      this.#makeRoom();
      this.#counts.set(nonce, { highest: count, seen: 1, issued });
      return true;
    }
    const ahead = count - counts.highest;
    if (ahead > 0) {
      counts.seen = ahead > NC_WINDOW ? 1 : ((counts.seen << ahead) | 1) >>> 0;
      counts.highest = count;
      return true;
    }
    const bit = -ahead > NC_WINDOW ? 0 : (1 << -ahead) >>> 0;
    if (bit === 0 || (counts.seen & bit) !== 0) return false;
    counts.seen = (counts.seen | bit) >>> 0;
    return true;
  }

  #makeRoom(): void {
    const oldest = this.#clock.now() - this.#lifetimeMs;
    for (const [nonce, { issued }] of this.#counts) {
      if (issued >= oldest && this.#counts.size < this.#maxNonces) break;
      if (issued >= oldest) this.#floor = Math.max(this.#floor, issued);
      this.#counts.delete(nonce);
    }
  }
}

function isNonceCount(text: string): boolean {
  if (text.length !== 8) return false;
  for (const c of text) if (!"0123456789abcdefABCDEF".includes(c)) return false;
  return true;
}

/**
 * RFC 7616 3.4.6: credentials are for the resource of the request. Some phones name only the server they talk to; that
 * binds the credentials to us all the same.
 */
function sameUri(credentials: string, requested: string): boolean {
  if (credentials === requested) return true;
  const left = parseUri(credentials);
  const right = parseUri(requested);
  if (!left.ok || !right.ok) return false;
  if (uriEquals(left.value, right.value)) return true;
  const server = left.value.user === undefined && left.value.host.toLowerCase() === right.value.host.toLowerCase();
  return server && (left.value.port ?? 5060) === (right.value.port ?? 5060);
}

function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a, "latin1");
  const right = Buffer.from(b, "latin1");
  return left.length === right.length && timingSafeEqual(left, right);
}
