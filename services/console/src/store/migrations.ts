/** One step of the schema. Steps are never changed once released: a new one is added at the end. */
export interface Migration {
  /** `user_version` after the step. */
  readonly version: number;
  readonly sql: string;
}

/** The steps from an empty file to the present schema, in order. Times are wall-clock microseconds. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      create table users (
        name text primary key, role text not null, grants text not null, password_hash text,
        source text not null check (source in ('local', 'oidc')), disabled integer not null,
        created_at integer not null, changed_at integer not null
      ) strict;

      create table sessions (
        token_hash text primary key, user text not null, csrf_token text not null, kind text not null,
        address text not null, created_at integer not null, last_seen_at integer not null, expires_at integer not null
      ) strict, without rowid;
      create index sessions_user on sessions (user);
      create index sessions_end on sessions (expires_at);

      create table audit (
        id integer primary key autoincrement, at integer not null, user text not null, role text not null,
        address text not null, action text not null, object text not null, outcome text not null,
        detail text not null, hash text not null
      ) strict;
      create index audit_time on audit (at, id);
      create index audit_user on audit (user, id);
      create index audit_action on audit (action, id);
      create index audit_object on audit (object, id);
      create index audit_outcome on audit (outcome, id);
      create trigger audit_kept before delete on audit begin select raise(abort, 'audit entries are kept'); end;
      create trigger audit_fixed before update on audit begin select raise(abort, 'audit entries are not changed'); end;

      create table saved_searches (
        owner text not null, name text not null, query text not null, shared integer not null,
        changed_at integer not null, primary key (owner, name)
      ) strict, without rowid;
      create index saved_searches_shared on saved_searches (name) where shared = 1;

      create table comments (
        id integer primary key autoincrement, recording text not null, at_ms integer not null, text text not null,
        user text not null, created_at integer not null
      ) strict;
      create index comments_recording on comments (recording, at_ms, id);
    `,
  },
  {
    version: 2,
    sql: `
      alter table users add column subject text;
      alter table users add column must_change integer not null default 0;
      alter table users add column last_log_in_at integer;
      create unique index users_subject on users (subject) where subject is not null;
      alter table sessions add column stamp text not null default '';
    `,
  },
];
