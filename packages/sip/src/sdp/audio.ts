import { isIPv6 } from "node:net";
import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { codecs, direction, intersect, remoteEndpoint, reversed, setDirection } from "./media.ts";
import type { Direction, MediaEndpoint, SdpCodec } from "./media.ts";
import { attribute } from "./sdp.ts";
import type { Sdp, SdpAttribute, SdpConnection, SdpMedia } from "./sdp.ts";

/** One audio stream to be offered. */
export interface AudioStream {
  readonly port: number;
  /** In order of preference. */
  readonly codecs: readonly SdpCodec[];
  /** Default sendrecv. */
  readonly direction?: Direction;
  /** Milliseconds of audio per packet. */
  readonly ptime?: number;
  /** RFC 4574. */
  readonly label?: string;
  readonly attributes?: readonly SdpAttribute[];
  /** Default `RTP/AVP`. */
  readonly protocol?: string;
}

/** What identifies a description of ours (RFC 8866 5.2). */
export interface SdpIdentity {
  /** Our media address. */
  readonly address: string;
  /** Digits; stays the same for the life of the dialog. */
  readonly sessionId: string | number;
  /** One more with each changed description (RFC 3264 8). */
  readonly version: string | number;
  readonly username?: string;
  readonly sessionName?: string;
}

/** An offer of one audio stream. */
export function audioOffer(o: SdpIdentity & AudioStream): Sdp {
  return sessionOf(o, [audioMedia(o)]);
}

/** An offer of several audio streams, e.g. the two labelled ones of a recording session (RFC 7866 7.1). */
export function multiAudioOffer(identity: SdpIdentity, streams: readonly AudioStream[]): Sdp {
  return sessionOf(identity, streams.map(audioMedia));
}

/** A description with these media sections. */
export function sessionOf(identity: SdpIdentity, media: SdpMedia[]): Sdp {
  const at = connectionTo(identity.address);
  return {
    version: 0,
    origin: {
      username: identity.username ?? "-",
      sessionId: String(identity.sessionId),
      sessionVersion: String(identity.version),
      ...at,
    },
    sessionName: identity.sessionName ?? "-",
    connection: at,
    attributes: [],
    media,
    other: [{ type: "t", value: "0 0" }],
  };
}

/** The `m=` section of one audio stream. */
export function audioMedia(stream: AudioStream): SdpMedia {
  const attributes: SdpAttribute[] = [];
  for (const codec of stream.codecs) attributes.push(...codecAttributes(codec));
  if (stream.ptime !== undefined) attributes.push({ name: "ptime", value: String(stream.ptime) });
  if (stream.label !== undefined) attributes.push({ name: "label", value: stream.label });
  attributes.push(...(stream.attributes ?? []), { name: stream.direction ?? "sendrecv" });
  const formats = stream.codecs.map((c) => String(c.payloadType));
  return { kind: "audio", port: stream.port, protocol: stream.protocol ?? "RTP/AVP", formats, attributes, other: [] };
}

function codecAttributes(codec: SdpCodec): SdpAttribute[] {
  const name = codec.name === "TELEPHONE-EVENT" ? "telephone-event" : codec.name;
  const channels = codec.channels > 1 ? `/${codec.channels}` : "";
  const map = { name: "rtpmap", value: `${codec.payloadType} ${name}/${codec.clockRate}${channels}` };
  return codec.fmtp === undefined ? [map] : [map, { name: "fmtp", value: `${codec.payloadType} ${codec.fmtp}` }];
}

function connectionTo(address: string): SdpConnection {
  return { netType: "IN", addrType: isIPv6(address) ? "IP6" : "IP4", address };
}

/** How to answer an offer. */
export interface AnswerOptions extends SdpIdentity {
  /** The port for the first stream that fits, or a port for each of them; `undefined` refuses the stream. */
  readonly port: number | ((index: number, media: SdpMedia) => number | undefined);
  /** Names in our order of preference, e.g. `["PCMU", "PCMA", "TELEPHONE-EVENT"]`. */
  readonly codecs: readonly string[];
  /** What we would like; the answer has what the offer allows of it. Default sendrecv. */
  readonly direction?: Direction;
  /** Gives `a=label` and `a=mid` back. Default true. */
  readonly echoLabels?: boolean;
  readonly rtcpMux?: boolean;
}

/** What became of one `m=` line. */
export interface AnsweredLine {
  readonly index: number;
  readonly accepted: boolean;
  readonly codec?: SdpCodec;
  /** Telephone events, where both sides know them. */
  readonly event?: SdpCodec;
  /** Ours. */
  readonly direction: Direction;
  readonly remote?: MediaEndpoint;
  readonly label?: string;
}

/**
 * The answer to an offer (RFC 3264 6): as many `m=` lines in the same order, the refused ones with port 0. Of the codecs
 * in common our first one is taken, with the offer's payload type. Fails where no stream fits: that is a 488.
 */
export function answerAudio(offer: Sdp, o: AnswerOptions): Result<{ sdp: Sdp; chosen: AnsweredLine[] }> {
  const chosen: AnsweredLine[] = [];
  const media = offer.media.map((line, index) => {
    const taken = typeof o.port === "number" && chosen.some((c) => c.accepted);
    const answered = taken ? undefined : answerLine(offer, line, index, o);
    chosen.push(answered?.line ?? { index, accepted: false, direction: "inactive" });
    return answered?.media ?? refused(line);
  });
  if (!chosen.some((c) => c.accepted)) return fail("no audio stream with a codec in common");
  return ok({ sdp: sessionOf(o, media), chosen });
}

function answerLine(
  offer: Sdp,
  line: SdpMedia,
  index: number,
  o: AnswerOptions,
): { line: AnsweredLine; media: SdpMedia } | undefined {
  if (line.kind !== "audio" || line.port === 0 || line.protocol.toUpperCase() !== "RTP/AVP") return undefined;
  const offered = codecs(line);
  const find = (name: string) => offered.find((c) => c.name === name.toUpperCase() && c.channels === 1);
  const voice = o.codecs.filter((name) => !isEvent(name)).map(find);
  const codec = voice.find((c) => c !== undefined);
  if (codec === undefined) return undefined;
  const eventWanted = o.codecs.some(isEvent);
  const event = eventWanted ? offered.find((c) => isEvent(c.name) && c.clockRate === codec.clockRate) : undefined;
  const port = typeof o.port === "number" ? o.port : o.port(index, line);
  if (port === undefined) return undefined;
  const ours = intersect(o.direction ?? "sendrecv", reversed(direction(line, offer)));
  const ptime = attribute(line, "ptime") ?? attribute(offer, "ptime");
  const media = audioMedia({ port, codecs: event === undefined ? [codec] : [codec, event] });
  media.attributes.pop();
  if (ptime !== undefined && ptime !== "") media.attributes.push({ name: "ptime", value: ptime });
  for (const name of o.echoLabels === false ? [] : ["mid", "label"]) {
    const value = attribute(line, name);
    if (value !== undefined) media.attributes.push({ name, value });
  }
  if (o.rtcpMux === true && attribute(line, "rtcp-mux") !== undefined) media.attributes.push({ name: "rtcp-mux" });
  setDirection(media, ours);
  const remote = remoteEndpoint(line, offer);
  const itsLabel = attribute(line, "label");
  return {
    media,
    line: {
      index,
      accepted: true,
      codec,
      direction: ours,
      ...(event === undefined ? {} : { event }),
      ...(remote === undefined ? {} : { remote }),
      ...(itsLabel === undefined ? {} : { label: itsLabel }),
    },
  };
}

function isEvent(name: string): boolean {
  return name.toUpperCase() === "TELEPHONE-EVENT";
}

/** RFC 3264 6: a refused stream keeps its kind, protocol and formats. */
function refused(line: SdpMedia): SdpMedia {
  return {
    kind: line.kind,
    port: 0,
    protocol: line.protocol,
    formats: Array.from(line.formats),
    attributes: [],
    other: [],
  };
}
