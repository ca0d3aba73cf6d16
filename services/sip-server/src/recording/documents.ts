import {
  type AlertTone,
  type ConnRef,
  confRef,
  dialogRef,
  type MsmlOperation,
  playOf,
  type RecorderStream,
  writeMsml,
} from "@sidetone/msml";
import { type Call, type Party, presentParties } from "../call-model/call.ts";
import { type Side, sidesOf } from "./policy.ts";
import type { RecordingParameters } from "./states.ts";

/** Label of the recording session's stream: left channel = 1 = customer, right = 2 = agent. */
const labels: Readonly<Record<Side, string>> = { customer: "1", agent: "2" };

/**
 * MSML that joins legs to a conference, which it makes first where it is `new`; `connections` by the mark that names each
 * in an error. `more` goes into the same document, behind the joins.
 */
export function joinDocument(
  confId: string,
  connections: ReadonlyMap<string, ConnRef>,
  conferenceIs: "new" | "there" = "new",
  more: readonly MsmlOperation[] = [],
): string {
  const conference = confRef(confId);
  const create: MsmlOperation = { op: "createconference", name: confId, deleteWhen: "nomedia", term: false };
  const operations: MsmlOperation[] = [
    ...(conferenceIs === "new" ? [create] : []),
    ...Array.from(
      connections,
      ([mark, id1]): MsmlOperation => ({ op: "join", id1, id2: conference, streams: [], mark }),
    ),
    ...more,
  ];
  return writeMsml({ kind: "request", operations });
}

/** What a leg at the Media Server hears instead of the others. */
export interface PromptFacts {
  /** Name of the dialog; one of a name at a time. */
  readonly name: string;
  /** File in the Media Server's folder of prompts. */
  readonly file: string;
  /** How often it is played, -1 until it is ended. */
  readonly iterations: number;
  /** R28: it goes into the recording as what the others say. */
  readonly capture: boolean;
}

/** MSML that plays a prompt to a connection (RFC 5707 9.6.1). */
export function promptDocument(target: ConnRef, { name, file, iterations, capture }: PromptFacts): string {
  const play = playOf([`file:///${encodeURIComponent(file)}`], { iterate: iterations, capture });
  const content = { kind: "inline", script: [play] } as const;
  return writeMsml({ kind: "request", operations: [{ op: "dialogstart", target, name, content }] });
}

/** MSML that ends it. */
export function promptEndDocument(target: ConnRef, name: string): string {
  return writeMsml({
    kind: "request",
    operations: [{ op: "dialogend", id: dialogRef(target.slice("conn:".length), name) }],
  });
}

/** What the recorder is told when a recording starts. */
export interface StartFacts {
  readonly confId: string;
  readonly call: Call;
  readonly recordingId: string;
  readonly fileName: string;
  readonly recordDn: string;
  readonly epoch: number;
  readonly initial: "recording" | "paused";
  readonly backfillMs: number;
  /** R10: a recorder that the client names, and a second one for a duplicate; absent: the configured ones. */
  readonly dest?: string | undefined;
  readonly dest2?: string | undefined;
  /** R7: generic parameters. */
  readonly parameters: RecordingParameters;
  /** What tells the parties of it; absent: nothing. */
  readonly alertTone?: AlertTone | undefined;
  /** Connection of each party at the Media Server. */
  connectionOf(party: string): ConnRef | undefined;
}

/** MSML that starts the recorder of a conference (media-control.md, "MSML that SIP Server sends"). */
export function startDocument(facts: StartFacts): string {
  return writeMsml({ kind: "request", operations: [startOperation(facts)] });
}

/** The same as an operation, for a document that does more. */
export function startOperation(facts: StartFacts): MsmlOperation {
  const { call, confId } = facts;
  const params = new Map<string, string>([
    ["id", facts.recordingId],
    ["filename", facts.fileName],
    ["calluuid", call.callUuid],
    ["connid", call.connId],
    ["recordDN", facts.recordDn],
    ["ani", call.ani],
    ["dnis", call.dnis],
    ["calltype", call.callType],
  ]);
  for (const [name, value] of changingParams(call)) params.set(name, value);
  if (facts.dest !== undefined) params.set("dest", facts.dest);
  if (facts.dest2 !== undefined) params.set("dest2", facts.dest2);
  return {
    op: "modifyconference",
    id: confRef(confId),
    mark: "rec",
    recorder: {
      state: "start",
      initial: facts.initial,
      backfillMs: facts.backfillMs,
      epoch: facts.epoch,
      params,
      userParams: facts.parameters,
      streams: recorderStreams(facts),
      ...(facts.alertTone === undefined ? {} : { alertTone: facts.alertTone }),
    },
  };
}

/** Parameters that are not the same for the whole of a recording: the agent in it, and the call that was merged with it (R27). */
function changingParams(call: Call): Map<string, string> {
  const params = new Map<string, string>();
  const agent = presentParties(call).find(({ agentId }) => agentId !== undefined)?.agentId;
  if (agent !== undefined) params.set("agentid", agent);
  if (call.previousConnId !== undefined) params.set("previousconnid", call.previousConnId);
  return params;
}

/** MSML that tells the recorder who is in the call now, and what was added to its parameters (R6, R26). */
export function updateDocument(
  facts: Pick<StartFacts, "confId" | "call" | "recordingId" | "recordDn" | "parameters" | "connectionOf"> & {
    /** Absent: as it was. */
    readonly alertTone?: AlertTone | "off" | undefined;
  },
): string {
  const params = new Map([["id", facts.recordingId], ["recordDN", facts.recordDn], ...changingParams(facts.call)]);
  const recorder = {
    state: "update",
    params,
    userParams: facts.parameters,
    streams: recorderStreams(facts),
    ...(facts.alertTone === undefined ? {} : { alertTone: facts.alertTone }),
  } as const;
  return writeMsml({
    kind: "request",
    operations: [{ op: "modifyconference", id: confRef(facts.confId), mark: "rec", recorder }],
  });
}

/** What goes along with a recorder command. */
export interface RecorderCommandFacts {
  /** R18: they reach the recorder's metadata. */
  readonly parameters?: RecordingParameters;
  /** `resume` of a recording that was prepared before the answer (R17): what was said since, ms. */
  readonly backfillMs?: number;
}

/** MSML that pauses, resumes or stops the recorder of a conference (R18, R19). */
export function recorderDocument(
  confId: string,
  state: "pause" | "resume" | "stop",
  recordingId: string,
  { parameters, backfillMs }: RecorderCommandFacts = {},
): string {
  const recorder = {
    state,
    params: new Map([["id", recordingId]]),
    userParams: parameters ?? new Map<string, string>(),
    streams: [],
    ...(backfillMs === undefined ? {} : { backfillMs }),
  };
  return writeMsml({
    kind: "request",
    operations: [{ op: "modifyconference", id: confRef(confId), mark: "rec", recorder }],
  });
}

/** Who is in the recording: the parties whose phones are at the Media Server, each on its side (R26). */
function recorderStreams(facts: Pick<StartFacts, "call" | "connectionOf">): RecorderStream[] {
  const sides = sidesOf(facts.call);
  const streams: RecorderStream[] = [];
  for (const party of facts.call.parties) {
    const connection = facts.connectionOf(party.id);
    const side = sides.get(party.id);
    if (party.state === "released" || connection === undefined || side === undefined) continue;
    streams.push({ label: labels[side], side, conn: connection, aor: party.aor, dn: party.dn, name: nameOf(party) });
  }
  return streams;
}

function nameOf(party: Party): string {
  return party.agentId ?? party.number;
}
