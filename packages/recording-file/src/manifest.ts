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

/** Code of the warning that stands behind a line which a crash cut off. */
export const TORN_LINE = "torn-line";
/** The form of the manifest that this code writes, and the newest that it reads. */
export const MANIFEST_VERSION = 1;

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
  /** Another version than `MANIFEST_VERSION` that the start line names; then `start` is not read, and nothing may be appended. */
  readonly otherVersion: number | undefined;
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
  /** Lines that are not JSON, or of no known type: a torn last line after a crash is normal, others are damage. */
  readonly damagedLines: number;
  /** Their numbers, from 1; the first hundred. Without those that a crash tore and recovery has marked. */
  readonly damagedAt: readonly number[];
  /** The file ends in the middle of a line: whoever appends writes a line end first. */
  readonly tornTail: boolean;
}

const MAX_LISTED = 100;

/** What a line must have to be read; a damaged one may still be JSON. */
const FIELDS: Readonly<Record<ManifestLine["type"], Readonly<Record<string, "string" | "number" | "object">>>> = {
  start: { version: "number", id: "string", fileName: "string", epoch: "number", at: "string", parameters: "object" },
  zero: { at: "string", wallMicros: "number", codec: "string" },
  metadata: { atMs: "number" },
  event: { event: "string", atMs: "number" },
  anchor: { channel: "number", ssrc: "number", rtp: "number", frame: "number" },
  loss: { channel: "number", frame: "number", frames: "number", packets: "number" },
  segment: { file: "string", frames: "number", sha256: "string", chain: "string" },
  parameters: { values: "object" },
  warning: { code: "string", text: "string", atMs: "number" },
  call: { atMs: "number", agents: "object", userData: "object" },
  reopen: { at: "string", epoch: "number" },
  end: { at: "string", frames: "number", state: "string", reason: "string" },
};
const TYPES: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(Object.entries(FIELDS));

/** Reads a manifest. Never throws: what cannot be read is counted and skipped. */
export function readManifest(text: string): Manifest {
  let start: StartLine | undefined;
  let otherVersion: number | undefined;
  let zero: ZeroLine | undefined;
  let end: EndLine | undefined;
  let call: CallLine | undefined;
  let epoch = 0;
  let damagedLines = 0;
  let number = 0;
  let torn: number | undefined;
  const damagedAt: number[] = [];
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
    number += 1;
    if (row === "") continue;
    const line = readLine(row);
    if (line === undefined) {
      damagedLines += 1;
      if (damagedAt.length < MAX_LISTED) damagedAt.push(number);
      torn = number;
      continue;
    }
    if (torn !== undefined && line.type === "warning" && line.code === TORN_LINE && damagedAt.at(-1) === torn)
      damagedAt.pop();
    torn = undefined;
    switch (line.type) {
      case "start":
        if (line.version !== MANIFEST_VERSION) {
          otherVersion ??= line.version;
          break;
        }
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
    otherVersion,
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
    damagedAt,
    tornTail,
  };
}

function readLine(row: string): ManifestLine | undefined {
  try {
    const value: unknown = JSON.parse(row);
    if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string")
      return undefined;
    const fields = TYPES.get(value.type);
    if (fields === undefined) return undefined;
    const found = value as Readonly<Record<string, unknown>>;
    // What a start of another version looks like is not known here.
    if (value.type === "start" && found["version"] !== MANIFEST_VERSION) {
      return typeof found["version"] === "number" ? (value as ManifestLine) : undefined;
    }
    const whole = Object.entries(fields).every(([name, kind]) => typeof found[name] === kind && found[name] !== null);
    return whole ? (value as ManifestLine) : undefined;
  } catch {
    return undefined;
  }
}

/** One line as it is appended, line end included. */
export function formatLine(line: ManifestLine): string {
  return `${JSON.stringify(line)}\n`;
}
