import type { FileCodec } from "./codec.ts";

/** How a recording stands. `partial`: it ended without a proper end, or parts of it are missing; `failed`: nothing of it could be kept. */
export type RecordingState = "recording" | "complete" | "partial" | "failed";

/** Who the recording is. First line of every manifest. */
export interface StartLine {
  readonly type: "start";
  readonly version: 1;
  readonly id: string;
  readonly fileName: string;
  readonly callUuid: string | undefined;
  readonly connId: string | undefined;
  readonly copy: number;
  readonly epoch: number;
  /** When the recording session was accepted; RFC 3339. */
  readonly at: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The instant of the file's first frame, and its codec: known with the first media. */
export interface ZeroLine {
  readonly type: "zero";
  readonly at: string;
  readonly wallMicros: number;
  readonly codec: FileCodec;
}

/** A metadata document as it came, and as it was understood. */
export interface MetadataLine {
  readonly type: "metadata";
  readonly atMs: number;
  readonly contentType: string;
  readonly raw: string;
  readonly document: unknown;
}

/** Something that happened, at a position of the file: pause, resume, hold, retrieve, gap, session, disk-full, ... */
export interface EventLine {
  readonly type: "event";
  readonly event: string;
  readonly atMs: number;
  /** Where it ended, for events that have a length (gap). */
  readonly untilMs?: number;
  readonly [detail: string]: unknown;
}

/** RTP time and wall clock of one frame: what ties the file to the wire. */
export interface AnchorLine {
  readonly type: "anchor";
  readonly channel: number;
  readonly ssrc: number;
  readonly rtp: number;
  readonly wallMicros: number;
  readonly frame: number;
  /** From the sender's report, or from the time of arrival. */
  readonly source: "sender-report" | "arrival";
}

/** Audio that never came, silent in the file. */
export interface LossLine {
  readonly type: "loss";
  readonly channel: number;
  readonly frame: number;
  readonly frames: number;
  readonly packets: number;
}

/** A segment that is closed. `chain` = SHA-256 of the previous chain value and this hash, both as hex text. */
export interface SegmentLine {
  readonly type: "segment";
  readonly file: string;
  readonly frames: number;
  readonly sha256: string;
  readonly chain: string;
}

/** Generic parameters that were added or changed. */
export interface ParametersLine {
  readonly type: "parameters";
  readonly atMs: number;
  readonly values: Readonly<Record<string, string>>;
}

/** Something that the reader of this recording should know. */
export interface WarningLine {
  readonly type: "warning";
  readonly atMs: number;
  readonly code: string;
  readonly text: string;
}

/** What SIP Server says of the call (T-Library): the last one counts, each is complete. */
export interface CallLine {
  readonly type: "call";
  readonly atMs: number;
  readonly ani: string | undefined;
  readonly dnis: string | undefined;
  readonly callType: string | undefined;
  /** Ids of all agents that took part. */
  readonly agents: readonly string[];
  readonly userData: Readonly<Record<string, string>>;
}

/** The recording goes on after an end: the same id with a higher epoch. */
export interface ReopenLine {
  readonly type: "reopen";
  readonly at: string;
  readonly epoch: number;
}

export interface EndLine {
  readonly type: "end";
  readonly at: string;
  readonly frames: number;
  readonly state: Exclude<RecordingState, "recording">;
  readonly reason: string;
}

export type ManifestLine =
  | StartLine
  | ZeroLine
  | MetadataLine
  | EventLine
  | AnchorLine
  | LossLine
  | SegmentLine
  | ParametersLine
  | WarningLine
  | CallLine
  | ReopenLine
  | EndLine;

/** What a manifest says, lines folded together. */
export interface Manifest {
  readonly start: StartLine | undefined;
  readonly zero: ZeroLine | undefined;
  readonly end: EndLine | undefined;
  readonly epoch: number;
  readonly parameters: ReadonlyMap<string, string>;
  readonly metadata: readonly MetadataLine[];
  readonly events: readonly EventLine[];
  readonly losses: readonly LossLine[];
  readonly anchors: readonly AnchorLine[];
  readonly segments: readonly SegmentLine[];
  readonly warnings: readonly WarningLine[];
  /** The last one. */
  readonly call: CallLine | undefined;
  /** Lines that are not JSON: a torn last line after a crash is normal, others are damage. */
  readonly damagedLines: number;
  /** The file ends in the middle of a line: whoever appends writes a line end first. */
  readonly tornTail: boolean;
}

const TYPES: ReadonlySet<string> = new Set([
  "start",
  "zero",
  "metadata",
  "event",
  "anchor",
  "loss",
  "segment",
  "parameters",
  "warning",
  "call",
  "reopen",
  "end",
] satisfies ManifestLine["type"][]);

/** Reads a manifest. Never throws: what cannot be read is counted and skipped. */
export function readManifest(text: string): Manifest {
  let start: StartLine | undefined;
  let zero: ZeroLine | undefined;
  let end: EndLine | undefined;
  let call: CallLine | undefined;
  let epoch = 0;
  let damagedLines = 0;
  const parameters = new Map<string, string>();
  const metadata: MetadataLine[] = [];
  const events: EventLine[] = [];
  const losses: LossLine[] = [];
  const anchors: AnchorLine[] = [];
  const segments: SegmentLine[] = [];
  const warnings: WarningLine[] = [];
  const put = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) parameters.set(name, value);
  };
  for (const row of text.split("\n")) {
    if (row === "") continue;
    const line = readLine(row);
    if (line === undefined) {
      damagedLines += 1;
      continue;
    }
    switch (line.type) {
      case "start":
        start ??= line;
        epoch = Math.max(epoch, line.epoch);
        put(line.parameters);
        break;
      case "zero":
        zero ??= line;
        break;
      case "metadata":
        metadata.push(line);
        break;
      case "event":
        events.push(line);
        break;
      case "anchor":
        anchors.push(line);
        break;
      case "loss":
        losses.push(line);
        break;
      case "segment":
        segments.push(line);
        break;
      case "parameters":
        put(line.values);
        break;
      case "warning":
        warnings.push(line);
        break;
      case "call":
        call = line;
        break;
      case "reopen":
        end = undefined;
        epoch = Math.max(epoch, line.epoch);
        break;
      case "end":
        end = line;
        break;
    }
  }
  const tornTail = text !== "" && !text.endsWith("\n");
  return {
    start,
    zero,
    end,
    epoch,
    parameters,
    metadata,
    events,
    losses,
    anchors,
    segments,
    warnings,
    call,
    damagedLines,
    tornTail,
  };
}

function readLine(row: string): ManifestLine | undefined {
  try {
    const value: unknown = JSON.parse(row);
    if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
    return typeof value.type === "string" && TYPES.has(value.type) ? (value as ManifestLine) : undefined;
  } catch {
    return undefined;
  }
}

/** One line as it is appended, line end included. */
export function formatLine(line: ManifestLine): string {
  return `${JSON.stringify(line)}\n`;
}
