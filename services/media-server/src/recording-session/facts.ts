import { paramOf, type RecorderCommand, type RecorderStream } from "@sidetone/msml";
import type { CallEvent } from "@sidetone/siprec";
import { MAX_BACKFILL_MS } from "../limits.ts";

/** One party of a recording and when it was in it. */
export interface RecordedParty extends RecorderStream {
  /** Wall-clock µs. */
  readonly since: number;
  readonly until: number | undefined;
  /** False while its phone sends nothing, or hears nothing: hold. Absent: it does. */
  readonly sends?: boolean;
  readonly receives?: boolean;
}

/** What a party's phone does with media. */
export interface MediaFlow {
  readonly sends: boolean;
  readonly receives: boolean;
}

/** All that the recorder's metadata are made of. Plain data; every change makes a new one. */
export interface RecordingFacts {
  readonly recordingId: string;
  readonly startedAt: number;
  readonly stoppedAt: number | undefined;
  readonly state: "recording" | "paused" | "stopped";
  readonly params: ReadonlyMap<string, string>;
  readonly userParams: ReadonlyMap<string, string>;
  readonly parties: readonly RecordedParty[];
  readonly events: readonly CallEvent[];
}

/** The facts when `start` arrives at `now` (wall-clock µs). Time zero lies `backfill-ms` before. */
export function factsOfStart(recordingId: string, command: RecorderCommand, now: number): RecordingFacts {
  const startedAt = now - backfillOf(command) * 1_000;
  const paused = command.initial === "paused";
  return {
    recordingId,
    startedAt,
    stoppedAt: undefined,
    state: paused ? "paused" : "recording",
    params: command.params,
    userParams: command.userParams,
    parties: command.streams.map((stream) => ({ ...stream, since: startedAt, until: undefined })),
    events: paused ? [{ name: "pause", time: startedAt }] : [],
  };
}

/**
 * The facts when the `resume` arrives that begins what was started `initial="paused"`: time zero moves there, less its
 * `backfill-ms`, and nothing says that anybody paused.
 */
export function factsOfBeginning(facts: RecordingFacts, command: RecorderCommand, now: number): RecordingFacts {
  const startedAt = now - backfillOf(command) * 1_000;
  return {
    ...facts,
    startedAt,
    state: "recording",
    params: withParams(facts.params, command.params),
    userParams: withParams(facts.userParams, command.userParams),
    parties: facts.parties
      .filter(({ until }) => until === undefined)
      .map((party) => ({ ...party, since: Math.max(startedAt, party.since) })),
    events: [],
  };
}

/** How much of the past a `start` or `resume` begins with, ms: what it asks for, at most what is kept. */
export function backfillOf(command: RecorderCommand): number {
  return Math.min(command.backfillMs ?? 0, MAX_BACKFILL_MS);
}

/** The facts after a further command: parameters are added and overwritten (R18), parties compared with those there were. */
export function factsAfter(facts: RecordingFacts, command: RecorderCommand, now: number): RecordingFacts {
  const next = {
    ...facts,
    params: withParams(facts.params, command.params),
    userParams: withParams(facts.userParams, command.userParams),
  };
  const happened = (name: string): CallEvent[] => [...facts.events, { name, time: now }];
  switch (command.state) {
    case "pause":
      return facts.state === "paused" ? next : { ...next, state: "paused", events: happened("pause") };
    case "resume":
      return facts.state === "recording" ? next : { ...next, state: "recording", events: happened("resume") };
    case "stop":
      return { ...next, state: "stopped", stoppedAt: now, events: happened("stop") };
    case "start":
    case "update": {
      if (command.streams.length === 0) return next;
      const parties = partiesAfter(facts.parties, command.streams, now);
      return { ...next, parties, events: [...facts.events, ...movesOf(parties, now)] };
    }
  }
}

/**
 * What became of the call, in the words of RFC 8068: `transfer` where one takes another's place, `conference` where one comes
 * in addition, `join` where a party comes that has no counterpart yet, `leave`. One event for each who came or left.
 */
function movesOf(parties: readonly RecordedParty[], now: number): CallEvent[] {
  const came = parties.filter(({ since, until }) => since === now && until === undefined);
  const left = parties.filter(({ until }) => until === now);
  const stayed = parties.filter(({ since, until }) => since !== now && until === undefined);
  const events: CallEvent[] = [];
  for (const newcomer of came) {
    const at = left.findIndex(({ side }) => side === newcomer.side);
    const [old] = at < 0 ? [] : left.splice(at, 1);
    if (old !== undefined) {
      events.push({ name: "transfer", time: now, reason: `${nameOf(old)} to ${nameOf(newcomer)}` });
      continue;
    }
    const name = stayed.some(({ side }) => side === newcomer.side) ? "conference" : "join";
    events.push({ name, time: now, reason: nameOf(newcomer) });
  }
  for (const old of left) events.push({ name: "leave", time: now, reason: nameOf(old) });
  return events;
}

function nameOf(party: RecordedParty): string {
  return party.dn ?? party.aor ?? party.conn;
}

/** The facts when a party's phone sends or hears otherwise than before: `hold` when it hears nothing any more, `retrieve` (RFC 8068 3.2.2). */
export function factsOfFlow(facts: RecordingFacts, conn: string, flow: MediaFlow, now: number): RecordingFacts {
  const party = facts.parties.find((one) => one.conn === conn && one.until === undefined);
  if (party === undefined) return facts;
  const [sends, receives] = [party.sends ?? true, party.receives ?? true];
  if (sends === flow.sends && receives === flow.receives) return facts;
  const parties = facts.parties.map((one) => (one === party ? { ...one, ...flow } : one));
  if (receives === flow.receives) return { ...facts, parties };
  const name = flow.receives ? "retrieve" : "hold";
  return { ...facts, parties, events: [...facts.events, { name, time: now, reason: nameOf(party) }] };
}

/** The facts with what each present party's phone does now; nothing has happened. */
export function withFlows(facts: RecordingFacts, flowOf: (conn: string) => MediaFlow | undefined): RecordingFacts {
  const parties = facts.parties.map((party) => {
    const flow = party.until === undefined && party.sends === undefined ? flowOf(party.conn) : undefined;
    return flow === undefined || (flow.sends && flow.receives) ? party : { ...party, ...flow };
  });
  return { ...facts, parties };
}

/** R7: names are compared without regard to case, so that a later `recorddn` replaces `recordDN`. */
function withParams(known: ReadonlyMap<string, string>, more: ReadonlyMap<string, string>): Map<string, string> {
  const params = new Map(known);
  for (const [name, value] of more) {
    const lower = name.toLowerCase();
    for (const old of params.keys()) if (old !== name && old.toLowerCase() === lower) params.delete(old);
    params.set(name, value);
  }
  return params;
}

/** A party whose connection ended is in the recording no longer. */
export function factsWithout(facts: RecordingFacts, conn: string, now: number): RecordingFacts {
  const gone = facts.parties.find((party) => party.conn === conn && party.until === undefined);
  if (gone === undefined) return facts;
  const parties = facts.parties.map((party) => (party === gone ? { ...party, until: now } : party));
  return { ...facts, parties, events: [...facts.events, { name: "leave", time: now, reason: nameOf(gone) }] };
}

function partiesAfter(
  known: readonly RecordedParty[],
  streams: readonly RecorderStream[],
  now: number,
): RecordedParty[] {
  const present = new Map(streams.map((stream) => [stream.conn, stream]));
  const parties = known.map((party): RecordedParty => {
    const stream = present.get(party.conn);
    if (party.until !== undefined) return party;
    if (stream === undefined || stream.label !== party.label) return { ...party, until: now };
    present.delete(party.conn);
    return { ...party, ...stream };
  });
  for (const stream of present.values()) parties.push({ ...stream, since: now, until: undefined });
  return parties;
}

/** What goes into one stream. Connections. */
export interface StreamSource {
  /** Who is heard in it; several are mixed. */
  readonly conns: readonly string[];
  /** Whose prompts may be recorded in it (R28): those of the other sides, in the first stream of its side that anybody is heard in. */
  readonly prompted: readonly string[];
}

/** What goes into each stream now, by label. */
export function sourcesOf(facts: RecordingFacts): Map<string, StreamSource> {
  const present = facts.parties.filter(({ until }) => until === undefined);
  const sources = new Map<string, StreamSource>();
  const begun = new Set<string>();
  for (const { label, conn, side } of present) {
    const known = sources.get(label);
    const first = known === undefined && !begun.has(side);
    begun.add(side);
    const prompted = first ? present.filter((party) => party.side !== side).map((party) => party.conn) : [];
    sources.set(label, { conns: [...(known?.conns ?? []), conn], prompted: known?.prompted ?? prompted });
  }
  return sources;
}

/** A parameter of the recording, e.g. `calluuid`. */
export function fact(facts: RecordingFacts, name: string): string | undefined {
  const value = paramOf(facts.params, name);
  return value === "" ? undefined : value;
}
