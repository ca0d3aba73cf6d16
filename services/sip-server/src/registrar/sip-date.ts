import { rfc3339 } from "@sidetone/foundation";

const days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 3261 20.17: wall-clock microseconds as `Fri, 20 Nov 2026 09:15:15 GMT`. */
export function sipDate(wallMicros: number): string {
  const day = days[Math.floor(wallMicros / 86_400_000_000) % 7] ?? "";
  const text = rfc3339(wallMicros);
  const month = months[Number(text.slice(5, 7)) - 1] ?? "";
  return `${day}, ${text.slice(8, 10)} ${month} ${text.slice(0, 4)} ${text.slice(11, 19)} GMT`;
}
