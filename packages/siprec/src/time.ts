import { parseRfc3339 } from "@sidetone/foundation";
import type { Warnings } from "./warning.ts";

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
  if (micros === undefined) warnings.add("bad-time", text);
  return micros;
}
