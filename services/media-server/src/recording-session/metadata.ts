import { derivedId, type RecordedCall, type RecordingMetadata } from "@sidetone/siprec";
import { fact, type RecordedParty, type RecordingFacts } from "./facts.ts";

/** Parameters that have a place of their own in metadata, or are none of the recorder's business. Lower case. */
const placed = new Set(["id", "filename", "calluuid", "connid", "recorddn", "agentid", "dest", "dest2"]);

/**
 * Complete metadata of a recording. Ids come from the recording and its parties, not from this server: they stay the
 * same when another one takes over.
 *
 * @param labels of the streams in the SDP that travels along.
 */
export function metadataOf(
  facts: RecordingFacts,
  labels: readonly string[],
  which: { readonly copy: number; readonly epoch: number },
): RecordingMetadata {
  const call = fact(facts, "calluuid") ?? facts.recordingId;
  const sessionId = derivedId("session", call);
  const groupId = derivedId("group", call);
  const streamId = (label: string): string => derivedId("stream", facts.recordingId, label);
  const people = new Map<string, RecordedParty[]>();
  for (const party of facts.parties) {
    const id = participantId(facts, party);
    people.set(id, [...(people.get(id) ?? []), party]);
  }
  /** Labels of the streams that somebody contributes to. */
  const spoken = new Set(
    facts.parties.filter(({ until, sends }) => until === undefined && sends !== false).map(({ label }) => label),
  );
  const over = facts.parties.every(({ until }) => until !== undefined);
  const streams = Array.from(new Set(labels), (label) => ({ id: streamId(label), sessionId, label }));
  return {
    dataMode: "complete",
    groups: [{ id: groupId, associateTime: facts.startedAt }],
    sessions: [
      {
        id: sessionId,
        sipSessionIds: [],
        reasons: [],
        groupId,
        startTime: facts.startedAt,
        // RFC 7865 6.3.1: of the call, which goes on when only its recording ends.
        ...(facts.stoppedAt === undefined || !over ? {} : { stopTime: facts.stoppedAt }),
      },
    ],
    participants: Array.from(people, ([id, [first]]) => ({
      id,
      names: [{ aor: aorOf(first), ...(first?.name === undefined ? {} : { name: first.name }) }],
      ...(first === undefined
        ? {}
        : { party: { side: first.side, ...(first.dn === undefined ? {} : { dn: first.dn }) } }),
    })),
    streams,
    sessionRecordings: [
      {
        sessionId,
        associateTime: facts.startedAt,
        ...(facts.stoppedAt === undefined ? {} : { disassociateTime: facts.stoppedAt }),
      },
    ],
    participantSessions: Array.from(people, ([id, stays]) => ({
      participantId: id,
      sessionId,
      params: [],
      ...timesOf(stays),
    })),
    participantStreams: Array.from(people, ([id, stays]) => {
      const present = stays.find((stay) => stay.until === undefined);
      const own = present?.label;
      const sends = own !== undefined && present?.sends !== false && labels.includes(own);
      const hears = present !== undefined && present.receives !== false;
      return {
        participantId: id,
        send: sends ? [streamId(own)] : [],
        recv: hears ? streams.filter(({ label }) => label !== own && spoken.has(label)).map((stream) => stream.id) : [],
        ...timesOf(stays),
      };
    }),
    call: callOf(facts, which),
  };
}

/** A person is the same across connections: by address of record, else by DN. */
function participantId(facts: RecordingFacts, party: RecordedParty): string {
  return derivedId("participant", facts.recordingId, party.aor ?? party.dn ?? party.conn);
}

function aorOf(party: RecordedParty | undefined): string {
  if (party?.aor !== undefined) return party.aor;
  return `sip:${encodeURIComponent(party?.dn ?? "anonymous")}@anonymous.invalid`;
}

function timesOf(stays: readonly RecordedParty[]): { associateTime?: number; disassociateTime?: number } {
  const since = stays[0]?.since;
  const until = stays.some((stay) => stay.until === undefined) ? undefined : stays.at(-1)?.until;
  return {
    ...(since === undefined ? {} : { associateTime: since }),
    ...(until === undefined ? {} : { disassociateTime: until }),
  };
}

function callOf(facts: RecordingFacts, which: { readonly copy: number; readonly epoch: number }): RecordedCall {
  const params = new Map(Array.from(facts.params).filter(([name]) => !placed.has(name.toLowerCase())));
  const values = {
    callUuid: fact(facts, "calluuid"),
    connId: fact(facts, "connid"),
    agentId: fact(facts, "agentid"),
    recordDn: fact(facts, "recordDN"),
    fileName: fact(facts, "filename"),
  };
  const { callUuid, connId, agentId, recordDn, fileName } = values;
  return {
    recordingId: facts.recordingId,
    state: facts.state,
    ...(callUuid === undefined ? {} : { callUuid }),
    ...(connId === undefined ? {} : { connId }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(recordDn === undefined ? {} : { recordDn }),
    ...(fileName === undefined ? {} : { fileName }),
    copy: which.copy,
    epoch: which.epoch,
    params,
    userParams: facts.userParams,
    events: facts.events,
  };
}
