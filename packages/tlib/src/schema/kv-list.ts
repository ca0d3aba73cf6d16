import { MAX_KV_DEPTH, MAX_KV_KEY_LENGTH, MAX_KV_PAIRS } from "./limits.ts";
import { quoted } from "./violation.ts";
import type { Violation } from "./violation.ts";

/** A value of a KVList. A number is an integer of 32 bits, signed. */
export type KVValue = string | number | { readonly $binary: string } | KVList;

/** UserData, Extensions, Reasons: tlib-wire.md, "Envelope". */
export interface KVList {
  readonly [key: string]: KVValue;
}

/** Base64 with padding (RFC 4648 4). */
export const BASE64_PATTERN = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";
const base64 = new RegExp(BASE64_PATTERN);

/**
 * The first mistake of what should be a KVList; undefined where there is none. `place` is the attribute's name.
 * Text that is not well-formed Unicode is the business of who reads the message, except in lists made by programs.
 */
export function kvListViolation(value: unknown, place: string): Violation | undefined {
  return listViolation(value, place, 1, { pairs: 0 });
}

function listViolation(
  value: unknown,
  place: string,
  depth: number,
  counted: { pairs: number },
): Violation | undefined {
  if (!isObject(value)) return { attribute: place, reason: "must be a list: a JSON object of key and value" };
  if (depth > MAX_KV_DEPTH)
    return { attribute: place, reason: `must not be nested deeper than ${MAX_KV_DEPTH} levels` };
  for (const key of Object.keys(value)) {
    counted.pairs += 1;
    if (counted.pairs > MAX_KV_PAIRS)
      return { attribute: place, reason: `must not have more than ${MAX_KV_PAIRS} pairs` };
    const problem = keyProblem(key);
    if (problem !== undefined) return { attribute: place, reason: `has the key ${quoted(key)}, which ${problem}` };
    const item = value[key];
    if (typeof item === "string") continue;
    if (typeof item === "number" && (item | 0) === item) continue;
    if (isObject(item)) {
      if (!Object.hasOwn(item, "$binary")) {
        const inner = listViolation(item, `${place}.${clipped(key)}`, depth + 1, counted);
        if (inner !== undefined) return inner;
        continue;
      }
      const bytes = item["$binary"];
      if (Object.keys(item).length === 1 && typeof bytes === "string" && base64.test(bytes)) continue;
      return {
        attribute: `${place}.${clipped(key)}`,
        reason: 'must be {"$binary": base64 with padding} and nothing else',
      };
    }
    return {
      attribute: `${place}.${clipped(key)}`,
      reason: 'must be a string, an integer of 32 bits, {"$binary": base64} or a list',
    };
  }
  return undefined;
}

/** `__proto__` would change the prototype of whoever copies the list by assignment. */
function keyProblem(key: string): string | undefined {
  if (key === "__proto__" || key === "$binary") return "is reserved";
  if (key.length > MAX_KV_KEY_LENGTH) return `is longer than ${MAX_KV_KEY_LENGTH} characters`;
  return undefined;
}

function clipped(key: string): string {
  return key.length <= 32 ? key : `${key.slice(0, 32)}…`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Bytes of the list's JSON in UTF-8: what MAX_USER_DATA_BYTES counts. */
export function kvListBytes(list: KVList): number {
  return new TextEncoder().encode(JSON.stringify(list)).length;
}
