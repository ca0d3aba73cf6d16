/** Who takes part in a call's journal: a column of the ladder. */
export interface Participant {
  readonly id: string;
  readonly kind: "sip-server" | "resource-manager" | "media-server" | "phone" | "trunk" | "application";
  readonly name: string;
}

/** A line of `GET /api/v1/journal`; what only some kinds have is optional. */
export interface JournalLine {
  readonly kind: "sip" | "tlib" | "recording" | "call" | "audit" | "gap";
  readonly id: string;
  readonly time: string;
  readonly callUuid: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly summary: string;
  readonly direction?: "in" | "out";
  readonly transport?: string;
  readonly local?: string;
  readonly remote?: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly repeated?: boolean;
  readonly text?: string | null;
  readonly bytes?: number;
  readonly others?: readonly string[];
  readonly session?: string | null;
  readonly reference?: number | null;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** A call as its journal shows it. */
export interface CallFacts {
  readonly callUuid: string;
  readonly connId: string;
  readonly callType: string;
  readonly ani: string;
  readonly dnis: string;
  readonly createdTime: string;
  readonly answeredTime: string | null;
  readonly endedTime: string | null;
  readonly parties: readonly {
    readonly dn: string;
    readonly number: string;
    readonly role: string;
    readonly state: string;
    readonly agentId: string | null;
    readonly recorded: boolean;
  }[];
  readonly recording: { readonly state: string; readonly id: string | null; readonly cause: string | null };
}

/** `GET /api/v1/journal`. */
export interface CallJournal {
  readonly call: CallFacts;
  readonly related: readonly (CallFacts & { readonly relation: "consultation" | "origin" })[];
  readonly participants: readonly Participant[];
  readonly lines: readonly JournalLine[];
  readonly cut: boolean;
  readonly messages: boolean;
}

/** What can be shown or left out. */
export const topics = [
  { id: "sip", label: "SIP", kinds: ["sip", "gap"] },
  { id: "tlib", label: "T-Library", kinds: ["tlib", "audit"] },
  { id: "recording", label: "Recording", kinds: ["recording"] },
  { id: "call", label: "Call", kinds: ["call"] },
] as const satisfies readonly { id: string; label: string; kinds: readonly JournalLine["kind"][] }[];
export type Topic = (typeof topics)[number]["id"];

const tags: Readonly<Record<JournalLine["kind"], string>> = {
  sip: "SIP",
  tlib: "T-Lib",
  recording: "Rec",
  call: "Call",
  audit: "Audit",
  gap: "Gap",
};

/** The word that says what a line is of, for who sees no colour. */
export function tagOf(line: JournalLine): string {
  return tags[line.kind];
}

/** Lines of these topics. */
export function shownLines(lines: readonly JournalLine[], shown: ReadonlySet<Topic>): readonly JournalLine[] {
  const kinds = new Set<string>(topics.flatMap(({ id, kinds: of }) => (shown.has(id) ? of : [])));
  return lines.filter(({ kind }) => kinds.has(kind));
}

/** Columns that these lines need; SIP Server is always there. */
export function shownParticipants(
  participants: readonly Participant[],
  lines: readonly JournalLine[],
): readonly Participant[] {
  const used = new Set(lines.flatMap(({ from, to, others = [] }) => [from, to, ...others]));
  return participants.filter(({ id }) => id === "sip-server" || used.has(id));
}

/** Where a line's arrow stands, as lines of a grid that has two columns for each participant. */
export interface Place {
  readonly from: number;
  readonly to: number;
  readonly points: "right" | "left" | "here";
}

/** The place of a line among the columns. */
export function placeOf({ from, to, others = [] }: JournalLine, columns: readonly Participant[]): Place {
  const centre = (id: string): number =>
    2 *
      Math.max(
        0,
        columns.findIndex((one) => one.id === id),
      ) +
    2;
  const start = centre(from);
  if (from === to) {
    const last = 2 * columns.length + 1;
    return { from: Math.max(1, start - 2), to: Math.min(last, start + 2), points: "here" };
  }
  // An event that several were told reaches the farthest of them.
  const ends = [to, ...others].map(centre);
  const end = ends.reduce((far, one) => (Math.abs(one - start) > Math.abs(far - start) ? one : far), start);
  return end > start ? { from: start, to: end, points: "right" } : { from: end, to: start, points: "left" };
}

/** Names of the two ends, e.g. `7001 → SIP Server`. */
export function endsText(line: JournalLine, participants: readonly Participant[]): string {
  const name = (id: string): string => participants.find((one) => one.id === id)?.name ?? id.slice(id.indexOf(":") + 1);
  if (line.from === line.to) return name(line.from);
  return `${name(line.from)} → ${[line.to, ...(line.others ?? [])].map(name).join(", ")}`;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** Time of day of a line, to the millisecond. */
export function lineTime(line: JournalLine): string {
  return clock.format(new Date(line.time));
}

/** Wall-clock microseconds of a line. */
export function lineMicros(line: JournalLine): number {
  const [whole = "", fraction = "0"] = line.time.replace("Z", "").split(".");
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** What is behind a line, as text. */
export function lineBody(line: JournalLine): string {
  if (line.kind === "sip") return line.text ?? "";
  if (line.kind === "tlib") return JSON.stringify(line.attributes ?? {}, null, 2);
  return line.summary;
}
