import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";

/** A JSON object of the wire: every key is its own, none is inherited by design of JSON.parse. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A counter of the envelope (`seq`, `ack`): an integer that JSON keeps exactly. */
export function isCounter(value: unknown, minimum: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= minimum;
}

/** One frame's JSON object with its message's name. */
export function readEnvelope(text: string): Result<{ readonly name: string; readonly object: JsonObject }, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fail("a text frame must be one JSON object");
  }
  if (!isJsonObject(parsed)) return fail("a text frame must be one JSON object");
  const name = Object.hasOwn(parsed, "message") ? parsed["message"] : undefined;
  if (typeof name !== "string") return fail('a message must say its name in "message"');
  return ok({ name, object: parsed });
}

/** JSON can spell half of a surrogate pair as an escape; no UTF-8 text holds one. */
export function mayHoldLoneSurrogate(text: string): boolean {
  return text.includes("\\ud") || text.includes("\\uD") || !text.isWellFormed();
}

/** Every string and key of a parsed message is well-formed Unicode. Iterative: the depth is the sender's. */
export function isWellFormed(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") {
      if (!next.isWellFormed()) return false;
    } else if (typeof next === "object" && next !== null) {
      for (const [key, item] of Object.entries(next)) {
        if (!key.isWellFormed()) return false;
        open.push(item);
      }
    }
  }
  return true;
}
