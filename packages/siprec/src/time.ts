import { parseRfc3339 } from "@sidetone/foundation";
import type { Warnings } from "./warning.ts";

/** Recorders are younger: what is before it is a clock that was never set. µs. */
const EARLIEST = 946_684_800_000_000; // 2000-01-01
const MAX_TIME = 40; // characters; the longest RFC 3339 time with nanoseconds and zone has 35

/** Reads a time of metadata into wall-clock microseconds. Zones may lack their colon; without a zone it is UTC. */
export function readTime(text: string, warnings: Warnings): number | undefined {
  let time = text.slice(0, MAX_TIME);
  if (/[+-]\d{4}$/.test(time)) time = `${time.slice(0, -2)}:${time.slice(-2)}`;
  else if (!/(Z|z|[+-]\d{2}:\d{2})$/.test(time)) {
    warnings.add("time-without-zone", text);
    time = `${time}Z`;
  }
  const micros = parseRfc3339(time);
  if (micros !== undefined && micros >= EARLIEST) return micros;
  warnings.add("bad-time", text);
  return undefined;
}
