import { fail, ok, type Result } from "@sidetone/foundation";
import {
  answerAudio,
  attribute,
  audioOffer,
  codecs,
  direction,
  formatSdp,
  parseSdp,
  PCMA,
  PCMU,
  receives,
  remoteEndpoint,
  type Sdp,
  type SdpCodec,
  sends,
  TELEPHONE_EVENT,
} from "@sidetone/sip";
import { PTIME_MS } from "../limits.ts";
import type { AudioCodec, LegSettings } from "../media/index.ts";

/** Our side of a leg: the same address and port for its whole life (contract, "A recorded call is set up"). */
export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly sessionId: string;
  readonly version: number;
}

/** What offer and answer settled. */
export interface Negotiated {
  /** Our SDP. */
  readonly sdp: string;
  readonly settings: LegSettings;
}

/** Why an offer cannot be answered, with the status it is owed. */
export interface Unacceptable {
  readonly status: 400 | 488;
  readonly reason: string;
}

/**
 * Answers a party's offer: G.711 in the offer's order of preference, telephone-event, its ptime.
 *
 * @param placeholder an `inactive` offer on a new leg: the far end is not known yet. Nothing is sent, but what
 *   comes is kept, for the party may speak before its SDP is here.
 */
export function answerLeg(
  offer: Buffer | string,
  local: LocalMedia,
  placeholder: boolean,
): Result<Negotiated, Unacceptable> {
  const parsed = parseSdp(offer);
  if (!parsed.ok) return fail({ status: 400, reason: `Bad SDP: ${parsed.error}` });
  const answered = answerAudio(parsed.value, { ...local, codecs: [...preference(parsed.value), "TELEPHONE-EVENT"] });
  if (!answered.ok) return fail({ status: 488, reason: "No G.711 Offered" });
  const line = answered.value.chosen.find(({ accepted }) => accepted);
  const media = answered.value.sdp.media[line?.index ?? 0];
  if (line?.codec === undefined || media === undefined) return fail({ status: 488, reason: "No G.711 Offered" });
  if (attribute(media, "ptime") === undefined) media.attributes.unshift({ name: "ptime", value: String(PTIME_MS) });
  if (local.rtcpPort !== local.port + 1) media.attributes.unshift({ name: "rtcp", value: String(local.rtcpPort) });
  const unknown = placeholder && line.direction === "inactive";
  const ptime = Number(attribute(media, "ptime"));
  const settings: LegSettings = {
    // The old way to hold (RFC 2543 B.5) names no address: the one before stands.
    ...(unknown || line.remote === undefined || line.remote.host === "0.0.0.0" ? {} : { remote: line.remote }),
    codec: codecOf(line.codec),
    payloadType: line.codec.payloadType,
    ...(line.event === undefined ? {} : { dtmfPayloadType: line.event.payloadType }),
    sendToPhone: sends(line.direction),
    receiveFromPhone: unknown || receives(line.direction),
    ...(Number.isFinite(ptime) ? { ptimeMs: ptime } : {}),
  };
  return ok({ sdp: formatSdp(answered.value.sdp), settings });
}

/** The codecs of the first audio line that we speak, in its order; ours where it has none (the answer then fails). */
function preference(offer: Sdp): string[] {
  const audio = offer.media.find(({ kind, port }) => kind === "audio" && port !== 0);
  const spoken = audio === undefined ? [] : codecs(audio).map(({ name }) => name);
  const ours = spoken.filter((name) => name === "PCMU" || name === "PCMA");
  return ours.length > 0 ? ours : ["PCMU", "PCMA"];
}

/** Our offer, for an INVITE or re-INVITE that came without one. */
export function offerLeg(local: LocalMedia): string {
  const attributes = local.rtcpPort === local.port + 1 ? [] : [{ name: "rtcp", value: String(local.rtcpPort) }];
  const codecList = [PCMU, PCMA, TELEPHONE_EVENT];
  return formatSdp(audioOffer({ ...local, codecs: codecList, ptime: PTIME_MS, attributes }));
}

/** Reads the answer to our offer. */
export function readLegAnswer(body: Buffer | string): Result<LegSettings, string> {
  const sdp = parseSdp(body);
  if (!sdp.ok) return fail(sdp.error);
  const media = sdp.value.media[0];
  const remote = media === undefined ? undefined : remoteEndpoint(media, sdp.value);
  if (media === undefined || remote === undefined) return fail("the stream was refused");
  const known = codecs(media);
  const codec = known.find(({ name }) => name === "PCMU" || name === "PCMA");
  if (codec === undefined) return fail("no G.711 in the answer");
  const event = known.find(({ name }) => name === "TELEPHONE-EVENT");
  const theirs = direction(media, sdp.value);
  return ok({
    ...(remote.host === "0.0.0.0" ? {} : { remote }),
    codec: codecOf(codec),
    payloadType: codec.payloadType,
    ...(event === undefined ? {} : { dtmfPayloadType: event.payloadType }),
    sendToPhone: receives(theirs),
    receiveFromPhone: sends(theirs),
  });
}

function codecOf(codec: SdpCodec): AudioCodec {
  return codec.name === "PCMA" ? "PCMA" : "PCMU";
}
