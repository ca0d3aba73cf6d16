import type { MetadataParticipant, ParticipantStream, RecordingMetadata } from "./metadata.ts";
import type { Warnings } from "./warning.ts";

/**
 * Says who sends which stream where a document does not, or says it the wrong way round; a document that does is given back as it is.
 *
 * Nobody sends anything: the n-th participant sends the n-th stream, where there are as many (OpenSIPS 2.4, CUBE before its re-INVITE). A call's
 * From header is in the document, and the one it names only receives the first stream: send and recv are turned (Ribbon).
 */
export function attributeStreams(metadata: RecordingMetadata, warnings: Warnings): RecordingMetadata {
  if (metadata.dataMode === "partial") return metadata;
  const { participantStreams: told, participants, streams } = metadata;
  if (told.every(({ send, recv }) => send.length + recv.length === 0)) {
    if (streams.length === 0 || participants.length !== streams.length) return metadata;
    const assumed = participants.map(({ id }, i): ParticipantStream => {
      const own = streams[i]?.id ?? "";
      warnings.add("assumed-sender", streams[i]?.label ?? own);
      return { participantId: id, send: [own], recv: streams.flatMap((s) => (s.id === own ? [] : [s.id])) };
    });
    return { ...metadata, participantStreams: assumed };
  }
  const caller = headerCaller(metadata);
  const first = streams.find(({ label }) => label === "1");
  const theirs = told.find(({ participantId }) => participantId === caller?.id);
  if (first === undefined || theirs === undefined) return metadata;
  if (theirs.send.includes(first.id) || !theirs.recv.includes(first.id)) return metadata;
  warnings.add("swapped-streams", caller?.names[0]?.aor ?? "");
  return {
    ...metadata,
    participantStreams: told.map((one) => ({ ...one, send: one.recv, recv: one.send })),
  };
}

/** Whom the From header of the recorded call names, where an extension carries it (`callData` of Ribbon). */
function headerCaller({ foreign, participants }: RecordingMetadata): MetadataParticipant | undefined {
  const from = foreign?.find(([name]) => name.toLowerCase() === "fromhdr")?.[1];
  if (from === undefined) return undefined;
  return participants.find(({ names }) => names.some(({ aor }) => aor !== "" && from.includes(bareAor(aor))));
}

function bareAor(aor: string): string {
  const lower = aor.toLowerCase();
  return lower.startsWith("sip:") || lower.startsWith("sips:") ? aor.slice(aor.indexOf(":") + 1) : aor;
}
