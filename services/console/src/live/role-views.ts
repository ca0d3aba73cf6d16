/** What the live page reads of the roles' answers; all of it may be missing or wrong. */

/** A party of a call, as SIP Server tells it. */
export interface CallParty {
  readonly dn: string;
  readonly kind: string;
}

/** A call, as far as the console looks into it. */
export interface CallOnStage {
  readonly connId: string;
  readonly callUuid: string;
  readonly parties: readonly CallParty[];
  readonly recording: { readonly id: string | null };
}

/** A call that should be recorded and is not, as SIP Server tells it. */
export interface UnrecordedCall {
  readonly connId: string;
  readonly callUuid: string;
  readonly dns: readonly string[];
  readonly reason: string;
  readonly since: string;
}

/** A resource, as `GET /api/v1/resources` of the Resource Manager shows it. */
export interface Resource {
  readonly group: string;
  readonly service: string;
  readonly address: string;
  readonly state: "up" | "failing" | "lost" | "withdrawn" | "unknown";
  readonly reason?: string;
  readonly sinceMs: number;
  readonly sessions: number;
  readonly capacity?: number;
}

/** A stream without RTP, as the recorder tells it. */
export interface SilentStream {
  readonly recordingId: string;
  readonly callUuid: string | null;
  readonly side: "customer" | "agent";
  readonly since: string;
}

/** `GET /api/v1/alarms` of a recorder. */
export interface RecorderAlarms {
  readonly streams: readonly SilentStream[];
  readonly storage: {
    readonly takesSessions: boolean;
    readonly freeBytes?: number;
    readonly sizeBytes?: number;
    readonly alarms: readonly {
      readonly code: string;
      readonly text: string;
      readonly remedy: string;
      readonly since: string;
    }[];
  };
}

/** The resources of an answer; undefined where it is none. */
export function readResources(answer: unknown): readonly Resource[] | undefined {
  const found = member(answer, "resources");
  return Array.isArray(found) ? (found as Resource[]) : undefined;
}

/** The alarms of an answer; undefined where it is none. */
export function readRecorderAlarms(answer: unknown): RecorderAlarms | undefined {
  const storage = member(answer, "storage");
  const good = Array.isArray(member(answer, "streams")) && Array.isArray(member(storage, "alarms"));
  return good ? (answer as RecorderAlarms) : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
