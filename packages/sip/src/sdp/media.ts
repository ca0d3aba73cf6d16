import { parseDigits } from "../message/characters.ts";
import { attribute } from "./sdp.ts";
import type { Sdp, SdpMedia } from "./sdp.ts";

/** Which way media flows, from the point of view of whoever wrote the description (RFC 3264 5.1). */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/** One payload type of an `m=` line. */
export interface SdpCodec {
  readonly payloadType: number;
  /** Upper case, e.g. `PCMU`, `TELEPHONE-EVENT`. */
  readonly name: string;
  /** Hertz. */
  readonly clockRate: number;
  readonly channels: number;
  readonly fmtp?: string;
}

/** RFC 3551 6, table 4: types that need no rtpmap. */
const STATIC_TYPES: readonly SdpCodec[] = [
  { payloadType: 0, name: "PCMU", clockRate: 8000, channels: 1 },
  { payloadType: 3, name: "GSM", clockRate: 8000, channels: 1 },
  { payloadType: 4, name: "G723", clockRate: 8000, channels: 1 },
  { payloadType: 8, name: "PCMA", clockRate: 8000, channels: 1 },
  { payloadType: 9, name: "G722", clockRate: 8000, channels: 1 },
  { payloadType: 13, name: "CN", clockRate: 8000, channels: 1 },
  { payloadType: 15, name: "G728", clockRate: 8000, channels: 1 },
  { payloadType: 18, name: "G729", clockRate: 8000, channels: 1 },
];

export const PCMU: SdpCodec = { payloadType: 0, name: "PCMU", clockRate: 8000, channels: 1 };
export const PCMA: SdpCodec = { payloadType: 8, name: "PCMA", clockRate: 8000, channels: 1 };
/** RFC 4733: the keys of a telephone, with the payload type that most phones use. */
export const TELEPHONE_EVENT: SdpCodec = {
  payloadType: 101,
  name: "TELEPHONE-EVENT",
  clockRate: 8000,
  channels: 1,
  fmtp: "0-16",
};

/**
 * The direction that a description gives a stream: its own attribute, else the session's, else sendrecv. An address of
 * all zeros is the old way to hold (RFC 2543 B.5): nothing can be sent there.
 */
export function direction(media: SdpMedia, sdp?: Sdp): Direction {
  const said = ownDirection(media) ?? (sdp === undefined ? undefined : ownDirection(sdp)) ?? "sendrecv";
  const address = (media.connection ?? sdp?.connection)?.address;
  return address === "0.0.0.0" ? intersect(said, "sendonly") : said;
}

function ownDirection(section: Sdp | SdpMedia): Direction | undefined {
  for (const { name } of section.attributes) {
    const found = DIRECTIONS.find((d) => d === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Sets a stream's direction in place of what its attributes said; takes the old attribute's place in the order. */
export function setDirection(media: SdpMedia, wanted: Direction): void {
  const isDirection = (name: string) => DIRECTIONS.some((d) => d === name);
  const at = media.attributes.findIndex((a) => isDirection(a.name));
  const rest = media.attributes.filter((a) => !isDirection(a.name));
  rest.splice(at === -1 ? rest.length : at, 0, { name: wanted });
  media.attributes = rest;
}

/** The same flow seen from the other end. */
export function reversed(d: Direction): Direction {
  if (d === "sendonly") return "recvonly";
  return d === "recvonly" ? "sendonly" : d;
}

/** Only what both allow, both seen from the same end. */
export function intersect(a: Direction, b: Direction): Direction {
  const send = sends(a) && sends(b);
  const receive = receives(a) && receives(b);
  if (send) return receive ? "sendrecv" : "sendonly";
  return receive ? "recvonly" : "inactive";
}

/** Whether the writer of this direction sends. */
export function sends(d: Direction): boolean {
  return d === "sendrecv" || d === "sendonly";
}

/** Whether the writer of this direction receives. */
export function receives(d: Direction): boolean {
  return d === "sendrecv" || d === "recvonly";
}

/** The payload types of an `m=` line in its order; those of which nothing is known are left out. */
export function codecs(media: SdpMedia): SdpCodec[] {
  const maps = new Map<string, string>();
  const formatParameters = new Map<string, string>();
  for (const { name, value } of media.attributes) {
    if (name !== "rtpmap" && name !== "fmtp") continue;
    const text = (value ?? "").trimStart();
    const blank = text.indexOf(" ");
    if (blank === -1) continue;
    const target = name === "rtpmap" ? maps : formatParameters;
    if (!target.has(text.slice(0, blank))) target.set(text.slice(0, blank), text.slice(blank + 1).trim());
  }
  const found: SdpCodec[] = [];
  for (const format of media.formats) {
    const payloadType = parseDigits(format, 127);
    if (payloadType === undefined) continue;
    const codec = codecOf(payloadType, maps.get(format));
    if (codec === undefined) continue;
    const fmtp = formatParameters.get(format);
    found.push(fmtp === undefined ? codec : { ...codec, fmtp });
  }
  return found;
}

function codecOf(payloadType: number, map: string | undefined): SdpCodec | undefined {
  if (map === undefined) return STATIC_TYPES.find((c) => c.payloadType === payloadType);
  const [name, rate, channelText] = map.split("/", 3);
  const clockRate = parseDigits(rate?.trim() ?? "", 1_000_000);
  if (name === undefined || name === "" || clockRate === undefined) return undefined;
  const channels = channelText === undefined ? 1 : (parseDigits(channelText.trim(), 255) ?? 1);
  return { payloadType, name: name.toUpperCase(), clockRate, channels };
}

/** Where a stream's writer wants to receive. */
export interface MediaEndpoint {
  readonly host: string;
  readonly port: number;
  /** The RTP port itself with rtcp-mux (RFC 5761), what `a=rtcp` says (RFC 3605), else the next one. */
  readonly rtcpPort: number;
}

/** Where to send a stream; `undefined` for a refused one or where no address is given. */
export function remoteEndpoint(media: SdpMedia, sdp: Sdp): MediaEndpoint | undefined {
  const host = (media.connection ?? sdp.connection)?.address;
  if (media.port === 0 || host === undefined) return undefined;
  if (attribute(media, "rtcp-mux") !== undefined) return { host, port: media.port, rtcpPort: media.port };
  const said = attribute(media, "rtcp")?.split(" ", 1)[0];
  const rtcpPort = said === undefined ? undefined : parseDigits(said, 65_535);
  return { host, port: media.port, rtcpPort: rtcpPort ?? Math.min(media.port + 1, 65_535) };
}

/** RFC 4574: the stream's label, by which metadata name it. */
export function label(media: SdpMedia): string | undefined {
  return attribute(media, "label");
}
