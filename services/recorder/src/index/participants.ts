import { rfc3339 } from "@sidetone/foundation";
import type { EventLine, Manifest } from "@sidetone/recording-file";
import type { RecordedParticipant } from "./recording-row.ts";
import type { StoredMetadata } from "./row-of-folder.ts";

type Side = "left" | "right";

/**
 * Everyone of every document: who has left is no longer in the last one of some vendors. Who has neither address nor name is left out where others
 * have one: some clients send a dummy until they know better (Avaya).
 */
export function participantsOf(manifest: Manifest): RecordedParticipant[] {
  const found = new Map<string, RecordedParticipant>();
  const channels = channelsOfStreams(manifest.events);
  for (const { document } of manifest.metadata) {
    if (document === null || document === undefined) continue;
    const metadata = document as StoredMetadata;
    for (const p of metadata.participants) {
      const times = metadata.participantSessions.find((a) => a.participantId === p.id);
      const before = found.get(p.id);
      const [name] = p.names;
      found.set(p.id, {
        aor: name?.aor ?? before?.aor,
        name: name?.name ?? before?.name,
        dn: p.party?.dn ?? before?.dn,
        side: p.party?.side ?? before?.side,
        channel: channelOf(p.id, metadata, channels) ?? before?.channel,
        from: timeText(times?.associateTime) ?? before?.from,
        to: timeText(times?.disassociateTime) ?? before?.to,
      });
    }
  }
  const all = Array.from(found.values());
  const known = all.filter(({ aor, name }) => (aor ?? "") !== "" || name !== undefined);
  return known.length > 0 ? known : all;
}

/** The channel of each stream by its name (label, or place), as the session noted it; the last note counts. */
function channelsOfStreams(events: readonly EventLine[]): ReadonlyMap<string, Side> {
  const found = new Map<string, Side>();
  for (const { event, streams } of events) {
    if (event !== "streams" || !Array.isArray(streams)) continue;
    for (const one of streams as { stream?: unknown; channel?: unknown }[])
      if (typeof one.stream === "string" && (one.channel === "left" || one.channel === "right"))
        found.set(one.stream, one.channel);
  }
  return found;
}

/** Where the first stream that someone sends is heard; one who is alone in a stream is known by that rather than by a mix. */
function channelOf(id: string, metadata: StoredMetadata, channels: ReadonlyMap<string, Side>): Side | undefined {
  for (const { participantId, send } of metadata.participantStreams) {
    if (participantId !== id) continue;
    for (const streamId of send) {
      const label = metadata.streams.find((s) => s.id === streamId)?.label;
      const channel = label === undefined ? undefined : channels.get(label);
      if (channel !== undefined) return channel;
    }
  }
  return undefined;
}

function timeText(micros: number | undefined): string | undefined {
  return micros === undefined ? undefined : rfc3339(micros);
}
