import type { SdpCodec, SdpMedia } from "@sidetone/sip";
import { audioOffer, codecs, direction, formatSdp, parseSdp, setDirection } from "@sidetone/sip";

type Direction = ReturnType<typeof direction>;

/** The body with every media stream turned to `wanted`; undefined where it is no SDP. */
export function withDirection(body: Buffer, wanted: Direction): Buffer | undefined {
  const parsed = parseSdp(body);
  if (!parsed.ok) return undefined;
  for (const media of parsed.value.media) if (media.port !== 0) setDirection(media, wanted);
  return Buffer.from(formatSdp(parsed.value), "latin1");
}

/** Which way the audio of a body goes; undefined where it has none. */
export function audioDirection(body: Buffer): Direction | undefined {
  const parsed = parseSdp(body);
  if (!parsed.ok) return undefined;
  const audio = parsed.value.media.find((media) => media.kind === "audio" && media.port !== 0);
  return audio === undefined ? undefined : direction(audio, parsed.value);
}

/** RFC 3264 6, 8.2: every stream of the body has port 0; whoever says it sends and takes nothing. */
export function takesNothing(body: Buffer): boolean {
  const parsed = parseSdp(body);
  return parsed.ok && parsed.value.media.length > 0 && parsed.value.media.every(({ port }) => port === 0);
}

/** Codecs the Media Server can replicate (R15) and what goes with them. */
const anchoredCodecs = new Set(["PCMU", "PCMA", "TELEPHONE-EVENT"]);

function anchorable(media: SdpMedia): ReturnType<typeof codecs> {
  return codecs(media).filter(({ name, clockRate }) => anchoredCodecs.has(name) && clockRate === 8000);
}

const staticLaws: readonly SdpCodec[] = [
  { payloadType: 0, name: "PCMU", clockRate: 8000, channels: 1 },
  { payloadType: 8, name: "PCMA", clockRate: 8000, channels: 1 },
];
const events: SdpCodec = { payloadType: 101, name: "TELEPHONE-EVENT", clockRate: 8000, channels: 1, fmtp: "0-16" };

/**
 * media-control.md, "A recorded call is set up" 2: the offer that brings the called party's leg to the Media Server
 * before that party is known. The caller's G.711 first, then the other law, which the Media Server converts;
 * `a=inactive`.
 */
export function placeholderOffer(callerOffer: Buffer): Buffer {
  const parsed = callerOffer.length > 0 ? parseSdp(callerOffer) : undefined;
  const audio = parsed?.ok === true ? parsed.value.media.find((media) => media.kind === "audio") : undefined;
  const fromCaller = audio === undefined ? [events] : anchorable(audio);
  const laws = fromCaller.filter(({ name }) => name !== events.name);
  for (const law of staticLaws) if (!laws.some(({ name }) => name === law.name)) laws.push(law);
  const sdp = audioOffer({
    address: "0.0.0.0",
    port: 9,
    codecs: [...laws, ...fromCaller.filter(({ name }) => name === events.name)],
    sessionId: "1",
    version: 1,
    direction: "inactive",
  });
  return Buffer.from(formatSdp(sdp), "latin1");
}

/** True where the audio of an offer has G.711, so that the Media Server can anchor it. An empty offer can be anchored. */
export function canAnchor(offer: Buffer): boolean {
  if (offer.length === 0) return true;
  const parsed = parseSdp(offer);
  if (!parsed.ok) return false;
  const audio = parsed.value.media.find((media) => media.kind === "audio" && media.port !== 0);
  return audio !== undefined && anchorable(audio).some(({ name }) => name !== "TELEPHONE-EVENT");
}

/** An answer that takes nothing yet: every stream accepted where it can be, `a=inactive`. */
export function inactiveAnswer(offer: Buffer): Buffer {
  const parsed = parseSdp(offer);
  if (!parsed.ok) return offer;
  for (const media of parsed.value.media) {
    media.port = media.port === 0 ? 0 : 9;
    setDirection(media, "inactive");
  }
  return Buffer.from(formatSdp(parsed.value), "latin1");
}

const codecAttributes = new Set(["rtpmap", "fmtp"]);

/**
 * The Media Server's address and port with every codec of `offer`: its answer names the one it chose, the called phone
 * may choose among all that were offered for it.
 */
export function withCodecsOf(answer: Buffer, offer: Buffer): Buffer {
  const [to, from] = [parseSdp(answer), parseSdp(offer)];
  if (!to.ok || !from.ok) return answer;
  const target = to.value.media.find((media) => media.kind === "audio" && media.port !== 0);
  const source = from.value.media.find((media) => media.kind === "audio");
  if (target === undefined || source === undefined) return answer;
  target.formats = [...source.formats];
  target.attributes = [
    ...source.attributes.filter(({ name }) => codecAttributes.has(name)),
    ...target.attributes.filter(({ name }) => !codecAttributes.has(name)),
  ];
  return Buffer.from(formatSdp(to.value), "latin1");
}

/** Whether two descriptions say the same but for their origin: a phone counts its version up with every answer. */
export function sameButOrigin(a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true;
  const bare = (sdp: Buffer): string =>
    sdp
      .toString("latin1")
      .split(/\r?\n/)
      .filter((line) => !line.startsWith("o="))
      .join("\n");
  return bare(a) === bare(b);
}
