import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { serverControlNames } from "./control-names.ts";
import type { ServerControlName } from "./control-names.ts";
import { isCounter, isJsonObject, readEnvelope } from "./envelope.ts";
import { eventNames } from "./events.ts";
import type { TlibControl, TlibEvent, UnknownEvent } from "./messages.ts";

export type ServerControl = TlibControl<ServerControlName>;
export type ServerMessage = TlibEvent | UnknownEvent | ServerControl;

const controls: ReadonlySet<string> = new Set(serverControlNames);
const events: ReadonlySet<string> = new Set(eventNames);

/**
 * Reads one text frame of the server as far as a session needs it: name, `seq`, `time`, that attributes are there. The
 * attributes are trusted; `readServerMessage` checks them. Needs no validator, so it is what runs in a browser.
 */
export function readServerEnvelope(text: string): Result<ServerMessage, string> {
  const envelope = readEnvelope(text);
  if (!envelope.ok) return envelope;
  const { name, object } = envelope.value;
  const { attributes, seq, time } = object;
  if (!isJsonObject(attributes)) return fail(`${name} must have attributes, a JSON object`);
  if (controls.has(name)) return ok(object as unknown as ServerControl);
  if (!name.startsWith("Event")) return fail(`${name} is no message of a server`);
  if (!isCounter(seq, 1)) return fail(`${name} must have a seq, an integer above 0`);
  if (typeof time !== "string") return fail(`${name} must have a time`);
  if (events.has(name)) return ok(object as unknown as TlibEvent);
  return ok({ message: "unknown", name, seq, time, attributes });
}
