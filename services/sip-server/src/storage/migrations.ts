/** One step of the schema. Steps are never changed once released: a new one is added at the end. */
export interface Migration {
  /** `user_version` after the step. */
  readonly version: number;
  readonly sql: string;
}

/** The steps from an empty file to the present schema, in order. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      create table registrations (
        dn text not null, position integer not null, uri text not null, params text not null, display_name text,
        q integer not null, expires_at integer not null, call_id text not null, cseq integer not null,
        instance text, reg_id text, user_agent text, transport text not null, remote_host text not null,
        remote_port integer not null, symmetric integer not null,
        primary key (dn, position)
      ) strict, without rowid;

      create table ledger (
        id integer primary key autoincrement,
        call_uuid text not null, dn text not null, side text not null check (side in ('agent', 'customer')),
        party text not null, turn integer not null, conn_id text not null,
        cause text not null check (cause in ('full-time', 'selective', 'dynamic')),
        expected_from integer not null, expected_until integer,
        outcome text not null check (outcome in ('open', 'recorded', 'partial', 'not-recorded', 'unknown')),
        reason text, recording_id text, recorded_from integer, recorded_until integer, resolved_at integer
      ) strict;
      create unique index ledger_line on ledger (call_uuid, dn, side, party, turn);
      create index ledger_time on ledger (expected_from, id);
      create index ledger_dn on ledger (dn, expected_from, id);
      create index ledger_open on ledger (outcome) where outcome = 'open';

      create table recording_ids (
        id text primary key, call_uuid text not null, source text not null, created_at integer not null
      ) strict, without rowid;
      create table recording_names (base text primary key, last integer not null) strict, without rowid;

      create table conn_ids (server_id integer primary key, reserved_until integer not null) strict;

      create table call_journal (
        id integer primary key autoincrement, at integer not null, call_uuid text not null, conn_id text not null,
        kind text not null, data text not null
      ) strict;
      create index call_journal_call on call_journal (call_uuid, id);
      create index call_journal_time on call_journal (at);

      create table audit (
        id integer primary key autoincrement, at integer not null, actor text not null, action text not null,
        subject text not null, outcome text not null, data text not null
      ) strict;
      create index audit_time on audit (at);
    `,
  },
  {
    // A complaint names a call by its ConnID, or a request by its ReferenceID.
    version: 2,
    sql: `
      alter table call_journal add column reference integer;
      create index call_journal_conn on call_journal (conn_id, id);
      create index call_journal_reference on call_journal (reference, id) where reference is not null;
      create index audit_subject on audit (subject, id);
    `,
  },
  {
    // R33: a restarted server goes on with the calls that are up.
    version: 3,
    sql: `
      create table call_snapshots (
        call_uuid text primary key, version integer not null, restorable integer not null, at integer not null,
        data text not null
      ) strict;
    `,
  },
  {
    // R34: who reconciles asks for what has changed since it asked before.
    version: 4,
    sql: `
      alter table ledger add column change integer not null default 0;
      alter table ledger add column policy text;
      update ledger set change = id;
      create index ledger_change on ledger (change);
      create table ledger_identity (id text primary key) strict, without rowid;
      insert into ledger_identity values (lower(hex(randomblob(8))));
    `,
  },
];
