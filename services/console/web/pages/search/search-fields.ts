/** How a condition is entered. */
export type FieldKind = "value" | "time" | "length" | "state" | "text";

/** A condition of the search that has a name of its own. */
export interface SearchField {
  /** The parameter of the API. */
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  /** What an example of it looks like. */
  readonly example: string;
}

/** All of them but the time, which has presets, in the order in which they are offered. */
export const fields: readonly SearchField[] = [
  { name: "dn", label: "DN", kind: "value", example: "7001" },
  { name: "agent", label: "Agent", kind: "value", example: "1001" },
  { name: "ani", label: "Caller (ANI)", kind: "value", example: "+15550100" },
  { name: "dnis", label: "Called (DNIS)", kind: "value", example: "8001" },
  { name: "state", label: "State", kind: "state", example: "partial" },
  { name: "min-duration-ms", label: "At least this long", kind: "length", example: "2:30" },
  { name: "max-duration-ms", label: "At most this long", kind: "length", example: "10:00" },
  { name: "conn-id", label: "ConnID", kind: "value", example: "0071023829b13001" },
  { name: "call-uuid", label: "CallUUID", kind: "value", example: "01H8Q..." },
  { name: "id", label: "Recording id", kind: "value", example: "6ba7b810" },
];

/** States of a recording, and what they are called. */
export const stateWords: Readonly<Record<string, string>> = {
  recording: "recording now",
  complete: "complete",
  partial: "partial",
  failed: "failed",
};

/** Conditions with a name of the caller's own. */
export const openFields = [
  { start: "param.", label: "Parameter" },
  { start: "user-data.", label: "User data" },
] as const;

/** Whether the API knows a parameter of this name. */
export function isField(name: string): boolean {
  return (
    fields.some((field) => field.name === name) ||
    openFields.some(({ start }) => name.startsWith(start) && name.length > start.length)
  );
}

/** What people call a condition. */
export function labelOf(name: string): string {
  const field = fields.find((one) => one.name === name);
  if (field !== undefined) return field.label;
  const open = openFields.find(({ start }) => name.startsWith(start));
  return open === undefined ? name : `${open.label} ${name.slice(open.start.length)}`;
}

/** `2:30`, `1:00:00` or `45` (seconds) in milliseconds; undefined where it is no length. */
export function readLength(text: string): number | undefined {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})$/.exec(text.trim());
  if (found === null) return undefined;
  const [, hours = "0", minutes = "0", seconds = "0"] = found;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
