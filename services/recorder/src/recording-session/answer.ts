import { parseIpv4 } from "@sidetone/rtp";
import {
  type Sdp,
  type SdpAttribute,
  type SdpCodec,
  type SdpCrypto,
  type SdpIdentity,
  type SdpMedia,
  attribute,
  audioMedia,
  codecs,
  direction,
  isSecureRtp,
  label,
  PCMA,
  PCMU,
  remoteEndpoint,
  sends,
  sessionOf,
  TELEPHONE_EVENT,
} from "@sidetone/sip";
import { MAX_STREAMS } from "../limits.ts";
import type { PayloadKind, RemoteMedia } from "../media/lane.ts";
import { type AnswerKeys, type SrtpPolicy, lineSecurity } from "./line-crypto.ts";

/** One m-line of an offer, as a recorder sees it. */
export interface OfferedLine {
  readonly index: number;
  /** False: answered with port 0. */
  readonly taken: boolean;
  /** What of the offered payload types we can receive, in the offer's order. */
  readonly codecs: readonly SdpCodec[];
  readonly payloads: readonly (readonly [number, PayloadKind])[];
  readonly remote: RemoteMedia | undefined;
  /** Nothing is sent for now: `inactive`, `recvonly`, hold by address 0.0.0.0, or port 0. */
  readonly paused: boolean;
  readonly label: string | undefined;
  /** What protects it; absent: plain RTP. */
  readonly crypto?: SdpCrypto | undefined;
}

const KINDS = new Map<string, PayloadKind>([
  ["PCMU", "pcmu"],
  ["PCMA", "pcma"],
  ["G722", "g722"],
  ["TELEPHONE-EVENT", "keys"],
  ["CN", "noise"],
]);

/** Reads an offer's m-lines. Audio over RTP, or SRTP where the policy allows it, with G.711 is taken; the rest is refused line by line. */
export function readOffer(offer: Sdp, policy: SrtpPolicy = "optional"): OfferedLine[] {
  let taken = 0;
  return offer.media.map((media, index) => {
    const known = codecs(media).filter((c) => KINDS.has(c.name) && c.channels === 1 && c.clockRate === 8000);
    const payloads = known.map((c) => [c.payloadType, KINDS.get(c.name) ?? "noise"] as const);
    const remote = remoteEndpoint(media, offer);
    const ip = remote === undefined ? undefined : parseIpv4(remote.host);
    const { fits: permitted, crypto } = lineSecurity(media, policy);
    const fits =
      media.kind === "audio" &&
      media.port !== 0 &&
      permitted &&
      payloads.some(([, kind]) => kind !== "keys" && kind !== "noise") &&
      taken < MAX_STREAMS;
    if (fits) taken += 1;
    return {
      index,
      taken: fits,
      codecs: known,
      payloads,
      remote: ip === undefined || ip === 0 || remote === undefined ? undefined : { ip, port: remote.port },
      paused: media.port === 0 || !sends(direction(media, offer)) || ip === 0 || !permitted,
      label: label(media),
      crypto,
    };
  });
}

/** Why no stream of an offer is taken, for the Warning of a 488. */
export function unfitReason(offer: Sdp, policy: SrtpPolicy): string {
  const otherwise = (other: SrtpPolicy) => readOffer(offer, other).some(({ taken }) => taken);
  if (policy === "required" && otherwise("optional"))
    return "this recorder takes SRTP only: RTP/SAVP with a=crypto (RFC 4568), in a suite it knows";
  if (policy === "off" && otherwise("optional")) return "this recorder takes no SRTP: RTP/AVP only";
  if (offer.media.some(isSecureRtp))
    return "no audio stream with PCMU or PCMA, or no a=crypto with a suite that is known";
  return "no audio stream with PCMU or PCMA over RTP/AVP";
}

/**
 * Our answer (RFC 7866 7.2): every m-line in its place, `recvonly` to what sends and `inactive` to what does not, every payload type that we can
 * receive, labels given back.
 * @param ports RTP port by index of the m-line
 * @param keys what protected streams are answered with
 */
export function answerOffer(
  offer: Sdp,
  lines: readonly OfferedLine[],
  ports: ReadonlyMap<number, number>,
  identity: SdpIdentity,
  keys?: AnswerKeys,
): Sdp {
  const media = offer.media.map((offered, index) => {
    const line = lines[index];
    const port = ports.get(index);
    if (line === undefined || !line.taken || port === undefined) return refusal(offered);
    const echoed = ["mid", "label", "ptime", "rtcp-mux"].flatMap((name) => {
      const value = attribute(offered, name);
      return value === undefined ? [] : [value === "" ? { name } : { name, value }];
    });
    const answer = audioMedia({
      port,
      codecs: line.codecs,
      direction: line.paused ? "inactive" : "recvonly",
      attributes: [...echoed, ...(keys?.attributes(index, line.crypto) ?? [])],
    });
    return { ...answer, protocol: offered.protocol };
  });
  return sessionOf(identity, media);
}

/** Our offer to those who invite without one: one stream that we receive. @param crypto where it is to be protected */
export function ownOffer(port: number, identity: SdpIdentity, crypto: readonly SdpAttribute[] = []): Sdp {
  const stream = { port, codecs: [PCMU, PCMA, TELEPHONE_EVENT], direction: "recvonly" as const, attributes: crypto };
  return sessionOf(identity, [audioMedia({ ...stream, protocol: crypto.length === 0 ? "RTP/AVP" : "RTP/SAVP" })]);
}

function refusal(offered: SdpMedia): SdpMedia {
  return {
    kind: offered.kind,
    port: 0,
    protocol: offered.protocol,
    formats: Array.from(offered.formats),
    attributes: [],
    other: [],
  };
}
