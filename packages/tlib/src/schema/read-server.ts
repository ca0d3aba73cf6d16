import { fail } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { readServerEnvelope } from "./server-envelope.ts";
import type { ServerMessage } from "./server-envelope.ts";
import { validatorOf } from "./validators.ts";

/** RFC 3339 UTC with microseconds (tlib-wire.md, "Envelope"). */
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

/**
 * Reads one text frame of the server and checks its attributes: those required are there, those known have their type.
 * Unknown attributes, events and values of enumerations are let through, as a client must.
 */
export function readServerMessage(text: string): Result<ServerMessage, string> {
  const read = readServerEnvelope(text);
  if (!read.ok || read.value.message === "unknown") return read;
  const message = read.value;
  if ("time" in message && !timePattern.test(message.time)) {
    return fail(`${message.message}: time must be RFC 3339 UTC with microseconds`);
  }
  const problem = validatorOf(message.message)?.(message.attributes);
  if (problem === undefined) return read;
  return fail(`${message.message}: ${problem.attribute ?? ""} ${problem.reason}`.replace(":  ", ": "));
}
