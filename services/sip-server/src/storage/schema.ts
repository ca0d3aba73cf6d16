import type { Generated } from "kysely";

/** A binding of a DN to where its phone is, as the registrar last confirmed it. Times are wall-clock microseconds. */
export interface RegistrationRow {
  dn: string;
  /** Order within the DN, as registered. */
  position: number;
  /** The URI of the Contact, as the phone wrote it. */
  uri: string;
  /** The Contact's parameters without `q` and `expires`, as `;a=b;c`. */
  params: string;
  display_name: string | null;
  /** Thousandths: 1000 = q of 1. */
  q: number;
  expires_at: number;
  call_id: string;
  cseq: number;
  instance: string | null;
  reg_id: string | null;
  user_agent: string | null;
  transport: string;
  remote_host: string;
  remote_port: number;
  /** 1 where the phone asked for answers to its source port (RFC 3581). */
  symmetric: number;
}

export type LedgerOutcome = "open" | "recorded" | "partial" | "not-recorded" | "unknown";
export type LedgerSide = "agent" | "customer";
export type LedgerCause = "full-time" | "selective" | "dynamic";

/** R34: one call-party that should be recorded. Times are wall-clock microseconds. */
export interface LedgerRow {
  id: Generated<number>;
  call_uuid: string;
  dn: string;
  side: LedgerSide;
  /** Tells apart parties of one call that share a DN; empty where the DN does. */
  party: string;
  /** 1 for the party's first recording in the call, 2 for the next. */
  turn: number;
  conn_id: string;
  cause: LedgerCause;
  expected_from: number;
  expected_until: number | null;
  outcome: LedgerOutcome;
  reason: string | null;
  recording_id: string | null;
  recorded_from: number | null;
  recorded_until: number | null;
  resolved_at: number | null;
  /** Number of the ledger's last change that was one of this line. */
  change: number;
  /** Rule or option by which it is not recorded, or not any longer, and that was wanted. */
  policy: string | null;
}

/** Tells this ledger from one that took its place. One row. */
export interface LedgerIdentityRow {
  id: string;
}

/** R8: every recording id ever given out. */
export interface RecordingIdRow {
  id: string;
  call_uuid: string;
  source: "client" | "template";
  created_at: number;
}

/** The last suffix that a template's result was given. */
export interface RecordingNameRow {
  base: string;
  last: number;
}

/** ConnIDs below the mark may have been given out. */
export interface ConnIdMarkRow {
  server_id: number;
  reserved_until: number;
}

/** What happened to calls, in order (R33). `data` is JSON. */
export interface CallJournalRow {
  id: Generated<number>;
  at: number;
  call_uuid: string;
  conn_id: string;
  kind: string;
  data: string;
  /** ReferenceID of the T-Library request that the entry is about. */
  reference: number | null;
}

/** R33: how a call that is up stands. `data` is JSON. */
export interface CallSnapshotRow {
  call_uuid: string;
  /** Of the snapshot's shape. */
  version: number;
  /** 1 where a restarted server answers for it: answered, and not over. */
  restorable: number;
  at: number;
  data: string;
}

/** Who asked for what. `data` is JSON. */
export interface AuditRow {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  subject: string;
  outcome: string;
  data: string;
}

/** Every table of the SIP Server's store. */
export interface Schema {
  registrations: RegistrationRow;
  ledger: LedgerRow;
  ledger_identity: LedgerIdentityRow;
  recording_ids: RecordingIdRow;
  recording_names: RecordingNameRow;
  conn_ids: ConnIdMarkRow;
  call_journal: CallJournalRow;
  call_snapshots: CallSnapshotRow;
  audit: AuditRow;
}
