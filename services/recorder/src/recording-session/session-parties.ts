import { type NameAddr, type SipRequest, formatUri } from "@sidetone/sip";
import type { RecordingMetadata } from "@sidetone/siprec";
import { type CallHalf, addressesIn } from "./session-request.ts";

/** The name by which a stream without label is known in what we note: `m0` is the first m-line. */
export function streamName(label: string | undefined, index: number): string {
  return label ?? `m${index}`;
}

/** Who is in a session that brought no metadata, as its headers say, and the lines that say it. */
export interface HeaderParties {
  readonly metadata: RecordingMetadata;
  readonly raw: string;
}

/** Header of Cisco's network-based recording: `<address>;media-index="0 1"`. */
const CISCO_PARTICIPANT = "X-Cisco-Recording-Participant";

/**
 * Parties of a session without metadata: Cisco's participants with their m-lines, the near or far end of a Cisco phone, else whom From and
 * P-Asserted-Identity name. `undefined` where nobody is named.
 */
export function partiesOfHeaders(request: SipRequest, half: CallHalf | undefined): HeaderParties | undefined {
  const cisco = addressesIn(request, CISCO_PARTICIPANT);
  const lines = (names: readonly string[]): string =>
    names.flatMap((name) => request.headers.all(name).map((value) => `${name}: ${value}\r\n`)).join("");
  if (cisco.length > 0) {
    const parties = cisco.map((address) => ({ aor: aorOf(address), streams: indexesOf(address) }));
    return { metadata: described(parties), raw: lines([CISCO_PARTICIPANT]) };
  }
  if (half !== undefined) {
    const address = half.end === "near" ? half.nearAddress : half.farAddress;
    if (address === undefined) return undefined;
    return { metadata: described([{ aor: address, streams: [half.end] }]), raw: lines(["From"]) };
  }
  const named = [request.from, ...addressesIn(request, "P-Asserted-Identity")];
  const parties = new Map<string, { aor: string; name: string | undefined; streams: string[] }>();
  for (const address of named) {
    if (address?.uri.user === undefined) continue;
    const aor = aorOf(address);
    if (!parties.has(aor)) parties.set(aor, { aor, name: address.displayName, streams: [] });
  }
  if (parties.size === 0) return undefined;
  return { metadata: described(Array.from(parties.values())), raw: lines(["From", "P-Asserted-Identity"]) };
}

function aorOf({ uri }: NameAddr): string {
  const { scheme, user, host } = uri;
  return user === undefined ? formatUri(uri) : `${scheme}:${user}@${host}`;
}

function indexesOf({ params }: NameAddr): string[] {
  const text = (params.text("media-index") ?? "").replaceAll('"', "");
  return text
    .split(/[\s,]+/)
    .flatMap((index) => (/^\d{1,3}$/.test(index) ? [streamName(undefined, Number(index))] : []));
}

function described(
  parties: readonly { readonly aor: string; readonly name?: string | undefined; readonly streams: readonly string[] }[],
): RecordingMetadata {
  const streams = Array.from(new Set(parties.flatMap((p) => p.streams)));
  return {
    dataMode: "complete",
    groups: [],
    sessions: [],
    participants: parties.map(({ aor, name }) => ({
      id: aor,
      names: [name === undefined ? { aor } : { aor, name }],
    })),
    streams: streams.map((label) => ({ id: label, label })),
    sessionRecordings: [],
    participantSessions: [],
    participantStreams: parties.flatMap((p) =>
      p.streams.length === 0 ? [] : [{ participantId: p.aor, send: p.streams, recv: [] }],
    ),
    call: undefined,
  };
}
