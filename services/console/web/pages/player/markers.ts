import type { RecordedEvent, Recording } from "./recording.ts";

/** What a marker is about: chooses colour, pattern and letter. */
export type MarkerKind = "pause" | "hold" | "parties" | "gap" | "key" | "encryption" | "other";

/** Something at a place of the recording, as waveform and list show it. */
export interface Marker {
  readonly id: string;
  readonly kind: MarkerKind;
  /** One or two characters that stand at it. */
  readonly sign: string;
  readonly atMs: number;
  /** Undefined: a moment. */
  readonly untilMs: number | undefined;
  readonly title: string;
  /** More, for the list. */
  readonly detail: string;
  /** Which channel it is about. */
  readonly side: "customer" | "agent" | undefined;
}

/** Events that begin a stretch, and what ends it. */
const stretches: Readonly<Record<string, string>> = { pause: "resume", hold: "retrieve" };
const enders = new Set(Object.values(stretches));

const known: Readonly<Record<string, readonly [kind: MarkerKind, sign: string, title: string]>> = {
  pause: ["pause", "II", "Recording paused"],
  resume: ["pause", "▸", "Recording resumed"],
  hold: ["hold", "H", "On hold"],
  retrieve: ["hold", "R", "Taken back from hold"],
  transfer: ["parties", "T", "Transfer"],
  conference: ["parties", "C", "Conference"],
  join: ["parties", "+", "Somebody joins"],
  leave: ["parties", "−", "Somebody leaves"],
  "party-added": ["parties", "+", "Party added"],
  "party-changed": ["parties", "↔", "Party changed"],
  "party-left": ["parties", "−", "Party left"],
  gap: ["gap", "G", "Gap"],
  dtmf: ["key", "#", "Key pressed"],
  srtp: ["encryption", "K", "Encryption key"],
  rekey: ["encryption", "K", "Key change"],
  "key-change": ["encryption", "K", "Key change"],
  codec: ["other", "c", "Codec changes"],
  session: ["other", "s", "Recording session begins"],
  part: ["other", "p", "Recording goes on"],
  stop: ["other", "■", "Recording stopped"],
};

const shown = new Set(["event", "atMs", "untilMs", "ms", "channel"]);

/** Markers of a recording in the order of time; a pause and its end are one, and so are hold and retrieve of the same party. */
export function markersOf({ events, durationMs, state }: Pick<Recording, "events" | "durationMs" | "state">): Marker[] {
  const used = new Set<RecordedEvent>();
  const markers: Marker[] = [];
  for (const [n, event] of events.entries()) {
    if (used.has(event)) continue;
    const ender = stretches[event.event];
    const end =
      ender === undefined
        ? undefined
        : events.slice(n + 1).find((later) => !used.has(later) && later.event === ender && samePerson(event, later));
    if (end !== undefined) used.add(end);
    const openEnd = ender !== undefined && end === undefined && state !== "recording" ? durationMs : undefined;
    const untilMs = event.untilMs ?? end?.atMs ?? openEnd;
    const [kind, sign, title] = known[event.event] ?? ["other", "•", words(event.event)];
    markers.push({
      id: `${n}`,
      kind,
      sign: kind === "key" && typeof event["digit"] === "string" && event["digit"].length === 1 ? event["digit"] : sign,
      atMs: event.atMs,
      untilMs: untilMs !== undefined && untilMs > event.atMs ? untilMs : undefined,
      title,
      detail: detailOf(event),
      side: event["channel"] === 0 ? "customer" : event["channel"] === 1 ? "agent" : undefined,
    });
  }
  const pauses = markers.filter(({ kind, untilMs }) => kind === "pause" && untilMs !== undefined);
  return markers.filter((marker) => !isPauseAgain(marker, pauses)).toSorted((a, b) => a.atMs - b.atMs);
}

/** How much a gap may stand out of the pause that is its cause; ms. */
const beside = 500;

/** While a recording is paused nothing comes: that gap says nothing new. */
function isPauseAgain({ kind, atMs, untilMs }: Marker, pauses: readonly Marker[]): boolean {
  if (kind !== "gap" || untilMs === undefined) return false;
  return pauses.some((pause) => atMs >= pause.atMs - beside && untilMs <= (pause.untilMs ?? 0) + beside);
}

/** Whether this may end what that began: a hold is ended by the one who held. */
function samePerson(begin: RecordedEvent, end: RecordedEvent): boolean {
  const who = (event: RecordedEvent): unknown => event["dn"] ?? event["reason"];
  return !enders.has(end.event) || end.event === "resume" || who(begin) === who(end);
}

function words(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");
}

function detailOf(event: RecordedEvent): string {
  return Object.entries(event)
    .filter(
      ([name, value]) => !shown.has(name) && (typeof value === "string" || typeof value === "number") && value !== "",
    )
    .map(([name, value]) =>
      name === "reason" ? String(value) : `${name.replace(/([A-Z])/g, " $1").toLowerCase()} ${String(value)}`,
    )
    .join(", ");
}
