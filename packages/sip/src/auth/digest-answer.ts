import { fail, ok, randomHex, systemRandom } from "@sidetone/foundation";
import type { RandomBytes, Result } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { quote, splitList, unquote, wireText } from "../message/characters.ts";
import { algorithmNamed, digestResponse, parseDigestFields } from "./credentials.ts";

/** What a client answers a challenge with. */
export interface ChallengeAnswer {
  /** Values of WWW-Authenticate or Proxy-Authenticate, one per header line. */
  readonly challenge: readonly string[];
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** How often this nonce was used, this time included. Default 1. */
  readonly nonceCount?: number;
  readonly cnonce?: string;
  readonly random?: RandomBytes;
}

/** The value for Authorization or Proxy-Authorization. Takes the first challenge whose algorithm is known (RFC 8760 2.4). */
export function answerChallenge(a: ChallengeAnswer): Result<string> {
  for (const value of a.challenge.slice(0, LIMITS.digestChallenges)) {
    const fields = parseDigestFields(value);
    const realm = fields?.get("realm");
    const nonce = fields?.get("nonce");
    const algorithm = algorithmNamed(fields?.get("algorithm"));
    if (fields === undefined || realm === undefined || nonce === undefined || algorithm === undefined) continue;
    const offered = fields.get("qop");
    const qops = offered === undefined ? undefined : splitList(offered).map((q) => unquote(q).toLowerCase());
    if (qops !== undefined && !qops.includes("auth")) continue;
    const nc = (a.nonceCount ?? 1).toString(16).padStart(8, "0");
    const cnonce = a.cnonce ?? randomHex(a.random ?? systemRandom, 8);
    const username = wireText(a.username);
    const response = digestResponse({
      algorithm,
      username,
      realm,
      nonce,
      password: wireText(a.password),
      method: a.method,
      uri: a.uri,
      ...(qops === undefined ? {} : { qop: { nc, cnonce } }),
    });
    let out = `Digest username=${quote(username)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(a.uri)}`;
    out += `, response="${response}"`;
    if (fields.has("algorithm")) out += `, algorithm=${algorithm}`;
    const opaque = fields.get("opaque");
    if (opaque !== undefined) out += `, opaque=${quote(opaque)}`;
    return ok(qops === undefined ? out : `${out}, qop=auth, nc=${nc}, cnonce=${quote(cnonce)}`);
  }
  return fail("no challenge that can be answered (Digest with qop=auth and a known algorithm)");
}

/** Whether the challenge says that only the nonce was too old (RFC 7616 3.3): answer again with the same password. */
export function isStaleChallenge(challenge: readonly string[]): boolean {
  return challenge.some((value) => parseDigestFields(value)?.get("stale")?.toLowerCase() === "true");
}
