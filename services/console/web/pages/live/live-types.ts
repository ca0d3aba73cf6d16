/** A party of a call, as `GET /api/v1/live` tells it; times are RFC 3339. */
export interface LiveParty {
  readonly id: string;
  readonly dn: string;
  readonly number: string;
  readonly kind: string;
  readonly role: string;
  readonly state: string;
  readonly since: string;
  readonly agentId: string | null;
  readonly recorded: boolean;
}

/** A call. */
export interface LiveCall {
  readonly connId: string;
  readonly callUuid: string;
  readonly callType: string;
  readonly ani: string;
  readonly dnis: string;
  readonly createdTime: string;
  readonly answeredTime: string | null;
  readonly parties: readonly LiveParty[];
  readonly queue: { readonly dn: string; readonly waiting: boolean } | null;
  readonly recording: {
    readonly state: string;
    readonly id: string | null;
    readonly fileName: string | null;
    readonly cause: string | null;
    readonly since: string | null;
    readonly by: string | null;
  };
}

/** Somebody who is logged in at a DN. */
export interface LiveAgent {
  readonly agentId: string;
  readonly dn: string;
  readonly queue?: string;
  readonly workMode?: string;
  readonly status: string;
}

/** A part of the system. */
export interface LiveServer {
  readonly kind: "media-server" | "recorder" | "resource-manager" | "sip-server" | "other";
  readonly address: string;
  readonly state: string;
  readonly reason: string | null;
  readonly since: string | null;
  readonly sessions: number | null;
  readonly capacity: number | null;
}

/** Room of a recorder's disk, bytes. */
export interface LiveStorage {
  readonly url: string;
  readonly takesSessions: boolean;
  readonly freeBytes: number | null;
  readonly sizeBytes: number | null;
}

/** Something that is wrong, or was. */
export interface LiveAlarm {
  readonly id: string;
  readonly severity: "critical" | "warning";
  readonly since: string;
  readonly until?: string;
  readonly text: string;
  readonly remedy: string;
  readonly connId: string | null;
  readonly callUuid: string | null;
}
