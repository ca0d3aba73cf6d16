const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The viewer's zone, such as `Europe/Berlin`. */
export const zone: string = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Date of a moment in the viewer's zone. */
export function dayText(at: string | number): string {
  return day.format(new Date(at));
}

/** Time of day of a moment in the viewer's zone. */
export function clockText(at: string | number): string {
  return clock.format(new Date(at));
}

/** Date and time of a moment in the viewer's zone. */
export function momentText(at: string | number): string {
  return both.format(new Date(at));
}

/** `m:ss` or `h:mm:ss` of milliseconds. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const rest = `${String(Math.floor(seconds / 60) % 60).padStart(seconds < 3600 ? 1 : 2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest}`;
}
