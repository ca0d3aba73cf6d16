import type { RecordingMetadata } from "@sidetone/siprec";

/**
 * R26: which channel of the file each stream belongs to, 0 = left = customer, 1 = right = agent. What the metadata say of its sender decides,
 * then the labels 1 and 2, then the order. A third stream of which nothing is known is a mix of the others (Avaya) and is left out: `undefined`.
 * @param labels of the session's audio streams in the order of their m-lines
 * @param first channel for a single stream of which nothing is known
 */
export function channelsOf(
  labels: readonly (string | undefined)[],
  metadata: RecordingMetadata | undefined,
  first: 0 | 1 = 0,
): (0 | 1 | undefined)[] {
  const sides = labels.map((label) => (label === undefined ? undefined : sideOf(label, metadata)));
  if (sides.every((s) => s !== undefined)) return sides;
  const numbered = new Set(labels);
  const oneAndTwo = labels.length === 2 && numbered.has("1") && numbered.has("2");
  return labels.map((label, i) => {
    const side = sides[i];
    if (side !== undefined) return side;
    if (oneAndTwo) return label === "1" ? 0 : 1;
    if (labels.length === 1) return label === "2" ? 1 : first;
    return i === 0 ? 0 : i === 1 ? 1 : undefined;
  });
}

function sideOf(label: string, metadata: RecordingMetadata | undefined): 0 | 1 | undefined {
  const stream = metadata?.streams.find((s) => s.label === label);
  if (stream === undefined || metadata === undefined) return undefined;
  for (const { participantId, send } of metadata.participantStreams) {
    if (!send.includes(stream.id)) continue;
    const side = metadata.participants.find((p) => p.id === participantId)?.party?.side;
    if (side !== undefined) return side === "customer" ? 0 : 1;
  }
  return undefined;
}
