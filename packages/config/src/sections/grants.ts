import { mapped } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { oneOf, secret, text } from "../scalars.ts";
import { listOf, object, required } from "../shapes.ts";
import { type GrantConfig, grantRights } from "../types.ts";

/** What a T-Library client may do with which DNs: a list of `{ dns: PATTERN, rights: [...] }`. */
export const grants: Reader<GrantConfig[]> = listOf(
  object({ dns: required(text), rights: required(listOf(oneOf(grantRights), 1)) }),
);

/** RFC 7518 3.2: a key of HMAC-SHA-256 has at least as many bits as the hash. */
const minTokenSecretLength = 32;

/** Key of the access tokens: a secret of at least 32 characters. */
export const tokenSecret: Reader<string> = mapped(secret, (value, at, reading) =>
  value.length >= minTokenSecretLength
    ? value
    : reading.complain(
        at,
        `must have at least ${minTokenSecretLength} characters.`,
        "openssl rand -hex 32 makes one; console and SIP Server need the same.",
      ),
);
