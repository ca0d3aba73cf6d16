import { rfc3339 } from "@sidetone/foundation";
import type { EventName } from "../schema/events.ts";
import type { EventAttributes } from "../schema/messages.ts";

/** An event whose JSON was made once: every session only puts its own `seq` in. */
export interface PreparedMessage {
  readonly message: EventName;
  /** Bytes of the JSON in UTF-8, without the digits of `seq`. */
  readonly bytes: number;
  /** The JSON with this `seq`. */
  text(seq: number): string;
}

class Prepared implements PreparedMessage {
  readonly message: EventName;
  readonly bytes: number;
  readonly #head: string;
  readonly #tail: string;

  constructor(message: EventName, time: string, attributes: object) {
    this.message = message;
    this.#head = `{"message":"${message}","seq":`;
    this.#tail = `,"time":"${time}","attributes":${JSON.stringify(attributes)}}`;
    this.bytes = this.#head.length + Buffer.byteLength(this.#tail);
  }

  text(seq: number): string {
    return this.#head + seq + this.#tail;
  }
}

/**
 * Makes the JSON of an event, for any number of sessions.
 * @param timeMicros wall-clock microseconds
 */
export function prepareEvent<N extends EventName>(
  message: N,
  timeMicros: number,
  attributes: EventAttributes[N],
): PreparedMessage {
  return new Prepared(message, rfc3339(timeMicros), attributes);
}
