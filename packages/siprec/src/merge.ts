import type { RecordingMetadata } from "./metadata.ts";

/**
 * What is known after a further document: a complete one replaces, a partial one adds and overwrites by id
 * (RFC 7866 9.1). Associations of a participant are overwritten together.
 */
export function mergeMetadata(known: RecordingMetadata | undefined, next: RecordingMetadata): RecordingMetadata {
  if (known === undefined || next.dataMode === "complete") return next;
  return {
    dataMode: "complete",
    groups: byKey(known.groups, next.groups, (one) => one.id),
    sessions: byKey(known.sessions, next.sessions, (one) => one.id),
    participants: byKey(known.participants, next.participants, (one) => one.id),
    streams: byKey(known.streams, next.streams, (one) => one.id),
    sessionRecordings: byKey(known.sessionRecordings, next.sessionRecordings, (one) => one.sessionId),
    participantSessions: byKey(
      known.participantSessions,
      next.participantSessions,
      (one) => `${one.participantId}\n${one.sessionId}`,
    ),
    participantStreams: byKey(known.participantStreams, next.participantStreams, (one) => one.participantId),
    call: next.call ?? known.call,
    ...(known.foreign === undefined && next.foreign === undefined
      ? {}
      : { foreign: byKey(known.foreign ?? [], next.foreign ?? [], ([name]) => name) }),
  };
}

/** True where associations speak of participants or streams that are not described: part of the metadata is not known. */
export function hasUnknownReferences(metadata: RecordingMetadata): boolean {
  const participants = new Set(metadata.participants.map((one) => one.id));
  const streams = new Set(metadata.streams.map((one) => one.id));
  return (
    metadata.participantSessions.some((one) => !participants.has(one.participantId)) ||
    metadata.participantStreams.some(
      (one) => !participants.has(one.participantId) || one.send.concat(one.recv).some((id) => !streams.has(id)),
    )
  );
}

function byKey<T>(old: readonly T[], fresh: readonly T[], key: (one: T) => string): T[] {
  const merged = new Map<string, T>();
  for (const one of old) merged.set(key(one), one);
  for (const one of fresh) merged.set(key(one), one);
  return Array.from(merged.values());
}
