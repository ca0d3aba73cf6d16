/** The little SDP that a phone with one audio stream needs. Apart from `@sidetone/sip`'s on purpose: the judge reads with its own eyes. */

/** A codec as a phone offers it. `G729` and `G722` are only negotiated, never sent. */
export type PhoneCodec = "PCMU" | "PCMA" | "G729" | "G722";
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const staticTypes: Readonly<Record<PhoneCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9, G729: 18 };
/** RFC 4733 payload type that the phone offers. */
export const EVENT_PAYLOAD_TYPE = 101;

/** What the phone says about its stream. */
export interface OwnStream {
  readonly host: string;
  readonly port: number;
  readonly codecs: readonly PhoneCodec[];
  readonly direction: Direction;
  readonly version: number;
  readonly sessionId: number;
  readonly events: boolean;
  /** Extra lines at the end of the audio section. */
  readonly extra?: readonly string[];
}

/** What the far side said about its first audio stream. */
export interface FarStream {
  readonly host: string;
  readonly port: number;
  readonly codecs: readonly { readonly payloadType: number; readonly name: string }[];
  readonly eventPayloadType: number | undefined;
  readonly direction: Direction;
  /** Kinds of all m-lines in order, and which one is ours. */
  readonly kinds: readonly string[];
  readonly audioIndex: number;
}

/** Writes an offer with one audio stream. */
export function writeOffer(own: OwnStream): string {
  return (
    sessionPart(own) +
    audioPart(
      own,
      own.codecs.map((name) => ({ name, payloadType: staticTypes[name] })),
    )
  );
}

/** Writes the answer: the far side's m-lines in order, everything but the first audio refused. */
export function writeAnswer(own: OwnStream, far: FarStream): string {
  const common = own.codecs.flatMap((name) => {
    const found = far.codecs.find((codec) => codec.name === name);
    return found === undefined ? [] : [{ name, payloadType: found.payloadType }];
  });
  const eventType = far.eventPayloadType;
  const parts = far.kinds.map((kind, index) =>
    index === far.audioIndex
      ? audioPart({ ...own, events: own.events && eventType !== undefined }, common, eventType)
      : `m=${kind} 0 RTP/AVP 0\r\n`,
  );
  return sessionPart(own) + parts.join("");
}

/** First codec that both know, in the answerer's order. */
export function commonCodec(
  own: readonly PhoneCodec[],
  far: FarStream,
): { name: PhoneCodec; payloadType: number } | undefined {
  for (const codec of far.codecs) {
    const name = own.find((candidate) => candidate === codec.name);
    if (name !== undefined) return { name, payloadType: codec.payloadType };
  }
  return undefined;
}

function sessionPart(own: OwnStream): string {
  return `v=0\r\no=phone ${own.sessionId} ${own.version} IN IP4 ${own.host}\r\ns=-\r\nc=IN IP4 ${own.host}\r\nt=0 0\r\n`;
}

function audioPart(
  own: OwnStream,
  codecs: readonly { name: PhoneCodec; payloadType: number }[],
  eventType = EVENT_PAYLOAD_TYPE,
): string {
  const formats = codecs.map((codec) => String(codec.payloadType));
  if (own.events) formats.push(String(eventType));
  const lines = [`m=audio ${own.port} RTP/AVP ${formats.join(" ")}`];
  for (const codec of codecs) lines.push(`a=rtpmap:${codec.payloadType} ${codec.name}/8000`);
  if (own.events) lines.push(`a=rtpmap:${eventType} telephone-event/8000`, `a=fmtp:${eventType} 0-16`);
  lines.push("a=ptime:20", `a=${own.direction}`, ...(own.extra ?? []));
  return `${lines.join("\r\n")}\r\n`;
}

/** Reads the first audio stream of an SDP; `undefined` where there is none. */
export function readFarStream(sdp: Buffer | string | undefined): FarStream | undefined {
  if (sdp === undefined) return undefined;
  const kinds: string[] = [];
  let host = "";
  let port = 0;
  let types: number[] = [];
  let audioIndex = -1;
  let direction: Direction = "sendrecv";
  const names = new Map<number, string>([
    [0, "PCMU"],
    [8, "PCMA"],
    [9, "G722"],
    [18, "G729"],
  ]);
  for (const line of sdp.toString().split(/\r?\n/)) {
    const value = line.slice(2);
    if (line.startsWith("m=")) {
      const [kind = "", portText = "0", , ...formats] = value.split(" ");
      kinds.push(kind);
      if (kind === "audio" && audioIndex < 0) {
        audioIndex = kinds.length - 1;
        port = Number.parseInt(portText, 10);
        types = formats.map(Number);
      }
      continue;
    }
    const inSession = kinds.length === 0;
    if (!inSession && kinds.length - 1 !== audioIndex) continue;
    if (line.startsWith("c=")) host = value.split(" ")[2] ?? host;
    const word = value.split(":")[0];
    if (line.startsWith("a=") && isDirection(word)) direction = word;
    if (line.startsWith("a=rtpmap:")) {
      const [type = "", encoding = ""] = value.slice("rtpmap:".length).split(" ");
      names.set(Number(type), (encoding.split("/")[0] ?? "").toUpperCase());
    }
  }
  if (audioIndex < 0) return undefined;
  const codecs = types.map((payloadType) => ({ payloadType, name: names.get(payloadType) ?? "" }));
  const eventPayloadType = codecs.find((codec) => codec.name === "TELEPHONE-EVENT")?.payloadType;
  if (host === "0.0.0.0" && direction !== "inactive") direction = "sendonly"; // RFC 3264 8.4: the old way of hold
  return { host, port, codecs, eventPayloadType, direction, kinds, audioIndex };
}

function isDirection(text: string | undefined): text is Direction {
  return text === "sendrecv" || text === "sendonly" || text === "recvonly" || text === "inactive";
}

/** RFC 3264 6.1: the direction that answers an offered one. */
export function answerDirection(offered: Direction, wanted: Direction = "sendrecv"): Direction {
  const send = (offered === "sendrecv" || offered === "recvonly") && (wanted === "sendrecv" || wanted === "sendonly");
  const receive =
    (offered === "sendrecv" || offered === "sendonly") && (wanted === "sendrecv" || wanted === "recvonly");
  if (send && receive) return "sendrecv";
  if (send) return "sendonly";
  return receive ? "recvonly" : "inactive";
}
