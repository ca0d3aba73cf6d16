/** A stretch of time that means something else tomorrow. */
export const presets = [
  { name: "hour", label: "Last hour" },
  { name: "today", label: "Today" },
  { name: "yesterday", label: "Yesterday" },
  { name: "7d", label: "Last 7 days" },
  { name: "30d", label: "Last 30 days" },
] as const;

/** One of them. */
export type Preset = (typeof presets)[number]["name"];

/** Which one a text names. */
export function readPreset(text: string | null): Preset | undefined {
  return presets.find(({ name }) => name === text)?.name;
}

/** From when to when; RFC 3339, the end does not count. */
export interface TimeRange {
  readonly from?: string;
  readonly to?: string;
}

/** What a preset means now, in the viewer's zone: days begin at its midnight. @param now ms since 1970 */
export function rangeOf(preset: Preset, now: number): TimeRange {
  const midnight = (days: number): string => {
    const at = new Date(now);
    return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).toISOString();
  };
  switch (preset) {
    case "hour":
      return { from: new Date(now - 3_600_000).toISOString() };
    case "today":
      return { from: midnight(0) };
    case "yesterday":
      return { from: midnight(-1), to: midnight(0) };
    case "7d":
      return { from: midnight(-6) };
    case "30d":
      return { from: midnight(-29) };
  }
}
