import { createHmac, timingSafeEqual } from "node:crypto";
import { fail, ok, type Result } from "@sidetone/foundation";
import { maxTokenLength } from "./limits.ts";

/** `{"alg":"HS256","typ":"JWT"}` (RFC 7518 3.2), the only header there is. */
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");

/** RFC 7515 7.1: header, payload and signature, each base64url, with dots between. */
export function sign(payload: string, secret: string): string {
  const signed = `${header}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${macOf(signed, secret).toString("base64url")}`;
}

/** The payload of a text that was signed with this secret. */
export function openSigned(token: string, secret: string): Result<string> {
  if (token.length > maxTokenLength) return fail("it is too long");
  const parts = token.split(".");
  const [first, payload, signature] = parts;
  if (parts.length !== 3 || first === undefined || payload === undefined || signature === undefined)
    return fail("it is no token of ours");
  if (first !== header) return fail("its header is not that of an HS256 token");
  const expected = macOf(`${first}.${payload}`, secret);
  const given = Buffer.from(signature, "base64url");
  // Buffer.from passes over foreign characters: only the text that it gives back is the signature.
  const sound = given.length === expected.length && given.toString("base64url") === signature;
  if (!sound || !timingSafeEqual(given, expected)) return fail("its signature is wrong: another key, or tampered with");
  return ok(Buffer.from(payload, "base64url").toString("utf8"));
}

function macOf(text: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}
