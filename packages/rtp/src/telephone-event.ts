import { readUint16, writeUint16 } from "./rtp-packet.ts";

/** A key press in RTP (RFC 4733 2.3). */
export interface TelephoneEvent {
  /** 0-9, 10 = `*`, 11 = `#`, 12-15 = A-D, 16 = flash. */
  readonly event: number;
  readonly end: boolean;
  /** Power in -dBm0, 0 to 63. */
  readonly volume: number;
  /** Time-stamp units since the time stamp of the packet. */
  readonly duration: number;
}

const KEYS = "0123456789*#ABCD";

/** Reads the first event of a payload; undefined where it is shorter than 4 octets. */
export function readTelephoneEvent(data: Uint8Array, offset: number, length: number): TelephoneEvent | undefined {
  if (length < 4) return undefined;
  const second = data[offset + 1] ?? 0;
  return {
    event: data[offset] ?? 0,
    end: second > 127,
    volume: second & 63,
    duration: readUint16(data, offset + 2),
  };
}

/** Writes the 4 octets of an event. */
export function writeTelephoneEvent(into: Uint8Array, offset: number, e: TelephoneEvent): void {
  into[offset] = e.event;
  into[offset + 1] = (e.end ? 128 : 0) | (e.volume & 63);
  writeUint16(into, offset + 2, Math.min(0xffff, e.duration));
}

/** The key of an event, or undefined for events that are not keys. */
export function keyOfEvent(event: number): string | undefined {
  return KEYS[event];
}

/** The event of a key `0-9 * # A-D`, or undefined. */
export function eventOfKey(key: string): number | undefined {
  const event = key.length === 1 ? KEYS.indexOf(key.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}
