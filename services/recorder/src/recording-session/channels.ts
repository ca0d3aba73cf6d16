import type { MetadataParticipant, RecordingMetadata } from "@sidetone/siprec";

/** A channel of the file, 0 = left = customer, 1 = right = agent; `undefined`: received and not recorded. */
export type Channel = 0 | 1 | undefined;

/**
 * R26: which channel of the file each stream belongs to. In turn: the side of its sender (our metadata); who of its senders called (left); its
 * label, the lowest one left; only streams without any of it go by the order of their m-lines. A stream in which those are heard that have
 * streams of their own is a mix, and left out; so is a third stream of which nothing is known (Avaya Session Manager).
 * @param labels of the session's audio streams in the order of their m-lines
 * @param first channel for a single stream of which nothing is known
 * @param added streams were added to a session that runs: the metadata may come after them, so nothing is left out for want of a sender
 */
export function channelsOf(
  labels: readonly (string | undefined)[],
  metadata: RecordingMetadata | undefined,
  first: 0 | 1 = 0,
  added = false,
): Channel[] {
  const senders = labels.map((label) => sendersOf(label, metadata));
  const sides = senders.map((of) => sideOf(of));
  if (sides.every((s) => s !== undefined)) return sides;
  if (labels.length === 1) return [sides[0] ?? (labels[0] === "2" ? 1 : first)];
  const own = labels.map((label, i) => !isMix(i, label, senders, metadata, added));
  const order = inOrder(labels, own);
  const caller = senders.findIndex((of, i) => own[i] === true && of.some((p) => p.calling === true));
  const left = caller >= 0 ? caller : order[0];
  return labels.map((_, i) => {
    if (sides[i] !== undefined) return sides[i];
    return own[i] === true ? (i === left ? 0 : 1) : undefined;
  });
}

/** Who sends the stream of a label. */
function sendersOf(label: string | undefined, metadata: RecordingMetadata | undefined): MetadataParticipant[] {
  const stream = label === undefined ? undefined : metadata?.streams.find((s) => s.label === label);
  if (stream === undefined || metadata === undefined) return [];
  return metadata.participantStreams.flatMap(({ participantId, send, disassociateTime }) => {
    const one = metadata.participants.find((p) => p.id === participantId);
    return one !== undefined && disassociateTime === undefined && send.includes(stream.id) ? [one] : [];
  });
}

function sideOf(senders: readonly MetadataParticipant[]): 0 | 1 | undefined {
  const side = senders.map((p) => p.party?.side).find((s) => s !== undefined);
  return side === undefined ? undefined : side === "customer" ? 0 : 1;
}

function isMix(
  index: number,
  label: string | undefined,
  senders: readonly (readonly MetadataParticipant[])[],
  metadata: RecordingMetadata | undefined,
  added: boolean,
): boolean {
  const mine = senders[index] ?? [];
  const known = senders.filter((of) => of.length > 0).length;
  // Of three streams the one that nobody sends is the mix of the two that somebody does; where nothing is known at all it is the third.
  if (mine.length === 0) return !added && senders.length === 3 && (known === 2 || (known === 0 && index === 2));
  const said = metadata?.streams.some((s) => s.label === label && s.mixed === true) === true;
  if (mine.length === 1 && !said) return false;
  return mine.every((p) => senders.some((of, i) => i !== index && of.length === 1 && of[0] === p));
}

/** Indexes of the streams that are recorded, by label where all have one, else as they come. */
function inOrder(labels: readonly (string | undefined)[], own: readonly boolean[]): number[] {
  const indexes = labels.flatMap((_, i) => (own[i] === true ? [i] : []));
  if (indexes.some((i) => labels[i] === undefined)) return indexes;
  return indexes.sort((a, b) => compareLabels(labels[a] ?? "", labels[b] ?? ""));
}

/** Numbers by value, others by their characters. */
function compareLabels(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isFinite(x) && Number.isFinite(y) && a !== "" && b !== "") return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}
