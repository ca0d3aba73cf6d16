/** `GET /api/v1/recordings/{id}`, as far as the player shows it. */
export interface Recording {
  readonly id: string;
  readonly fileName: string;
  readonly callUuid?: string;
  readonly connId?: string;
  /** RFC 3339. */
  readonly startTime: string;
  readonly endTime?: string;
  readonly durationMs: number;
  readonly state: "recording" | "complete" | "partial" | "failed";
  readonly channels: readonly {
    readonly channel: "left" | "right";
    readonly side: "customer" | "agent";
    readonly lostMs: number;
    readonly lostPackets: number;
  }[];
  readonly codec?: "pcmu" | "pcma";
  readonly participants: readonly Participant[];
  readonly events: readonly RecordedEvent[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly userData?: Readonly<Record<string, string>>;
  readonly warnings: readonly { readonly code: string; readonly text: string; readonly atMs: number }[];
  readonly sources?: readonly {
    readonly id: string;
    readonly copy: number;
    readonly durationMs: number;
    readonly state: string;
    readonly lostMs: number;
    readonly primary: boolean;
  }[];
  /** Where it went on at another recorder. */
  readonly parts?: readonly RecordingPart[];
  /** Time between the parts that none has, ms. */
  readonly gapMs?: number;
  readonly integrity?: { readonly verdict: "intact" | "open" | "damaged"; readonly problems: readonly string[] };
}

/** Someone who was in the call. */
export interface Participant {
  readonly aor?: string;
  readonly name?: string;
  readonly dn?: string;
  readonly side?: "customer" | "agent";
  readonly from?: string;
  readonly to?: string;
}

/** Something that happened, at a position of the file. */
export interface RecordedEvent {
  readonly event: string;
  readonly atMs: number;
  readonly untilMs?: number;
  readonly [detail: string]: unknown;
}

/** One recorder's part. */
export interface RecordingPart {
  readonly recorder: string;
  readonly startTime: string;
  readonly durationMs: number;
  readonly state: string;
}

/** The two sides of a call, in the order of the file's channels. */
export const sides = ["customer", "agent"] as const;
/** One of them. */
export type Side = (typeof sides)[number];

/** Path of something of a recording, or of a part of it. */
export function pathOf(
  id: string,
  what: "" | "audio" | "peaks" | "comments" | "integrity",
  query: Readonly<Record<string, string>> = {},
): string {
  const tail = what === "" ? "" : `/${what}`;
  const asked = new URLSearchParams(query).toString();
  return `/api/v1/recordings/${encodeURIComponent(id)}${tail}${asked === "" ? "" : `?${asked}`}`;
}

/** How someone is called: name, DN or address. */
export function nameOf({ name, dn, aor }: Participant): string {
  const address = aor?.replace(/^sips?:/, "").replace(/@.*$/, "");
  return name ?? dn ?? address ?? "unknown";
}

/** What became of a recording, for people. */
export function stateText({ state, warnings }: Pick<Recording, "state" | "warnings">): string {
  switch (state) {
    case "recording":
      return "The call is up: what is recorded so far can be heard, and more comes by itself.";
    case "complete":
      return "Everything that was to be recorded is there.";
    case "failed":
      return "There is no audio. The warnings below say why.";
    case "partial":
      return warnings.length === 0
        ? "Something of the call is missing; what is there can be heard."
        : "Something of the call is missing; the warnings below say what. What is there can be heard.";
  }
}

/** What the comparison of the files with their hashes means. */
export function integrityText(integrity: Recording["integrity"] | "asked"): {
  readonly tone: "good" | "bad" | "warn" | "plain";
  readonly word: string;
  readonly meaning: string;
} {
  if (integrity === "asked")
    return { tone: "plain", word: "being checked", meaning: "The files are being compared with their hashes." };
  switch (integrity?.verdict) {
    case "intact":
      return {
        tone: "good",
        word: "Verified",
        meaning:
          "Every part of the audio is what was written while the call was recorded: its hash and the chain of hashes match.",
      };
    case "damaged":
      return {
        tone: "bad",
        word: "Damaged",
        meaning: "The files are not what was written. What is wrong is listed; the rest can be heard.",
      };
    case "open":
      return {
        tone: "warn",
        word: "Not verified to its end",
        meaning: "What has a hash matches. The last minute has none yet: it gets one when the recording ends.",
      };
    case undefined:
      return {
        tone: "warn",
        word: "Cannot be verified",
        meaning: "No recorder has compared the files with their hashes.",
      };
  }
}
