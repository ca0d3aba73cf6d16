import { durationText } from "../../time.ts";

/** A recording as the API tells it, as far as a list shows it. */
export interface Recording {
  readonly id: string;
  readonly startTime: string;
  readonly durationMs: number;
  readonly state: "recording" | "complete" | "partial" | "failed";
  readonly channels?: readonly { readonly lostMs: number }[];
  readonly participants?: readonly {
    readonly aor?: string;
    readonly name?: string;
    readonly dn?: string;
    readonly side?: "customer" | "agent";
  }[];
  readonly events?: readonly { readonly event: string }[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly warnings?: readonly { readonly code: string; readonly text: string }[];
}

/** What a row says. */
export interface RecordingView {
  readonly length: string;
  readonly customer: string;
  readonly agent: string;
  readonly called: string;
  /** What is special about it: words, the most important first. */
  readonly marks: readonly string[];
}

const markOf: Readonly<Record<string, string>> = {
  pause: "paused",
  hold: "held",
  transfer: "transfer",
  conference: "conference",
  gap: "gap",
};

/** Words for a row. */
export function viewOf(recording: Recording): RecordingView {
  const given = new Map(Object.entries(recording.parameters ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const { participants = [], events = [], channels = [] } = recording;
  const customer = participants.find(({ side }) => side === "customer");
  const agents = participants.filter(({ side }) => side === "agent");
  const marks = new Set<string>();
  if (channels.some(({ lostMs }) => lostMs > 0)) marks.add("gap");
  for (const { event } of events) {
    const mark = markOf[event.toLowerCase()];
    if (mark !== undefined) marks.add(mark);
  }
  return {
    length: durationText(recording.durationMs),
    customer: customer?.name ?? userOf(customer?.aor) ?? given.get("ani") ?? "",
    agent: Array.from(new Set(agents.map(agentText))).join(", ") || (given.get("dn") ?? ""),
    called: given.get("dnis") ?? "",
    marks: Array.from(marks),
  };
}

function agentText({ name, dn, aor }: NonNullable<Recording["participants"]>[number]): string {
  const number = dn ?? userOf(aor) ?? "";
  if (name === undefined || name === "" || name.includes(number)) return name || number;
  return `${name} (${number})`;
}

/** The user part of an address of record. */
function userOf(aor: string | undefined): string | undefined {
  if (aor === undefined || aor === "") return undefined;
  return aor.slice(aor.indexOf(":") + 1).split("@", 1)[0];
}
