import { fail, ok, type Result } from "@sidetone/foundation";
import {
  type AudioStream,
  codecs,
  cryptoAttribute,
  cryptosOf,
  direction,
  formatSdp,
  multiAudioOffer,
  parseSdp,
  PCMA,
  PCMU,
  receives,
  type SdpCodec,
  remoteEndpoint,
  type SdpCrypto,
  type SdpIdentity,
  TELEPHONE_EVENT,
} from "@sidetone/sip";
import { PTIME_MS } from "../limits.ts";
import type { AudioCodec, TapDestination } from "../media/index.ts";
import { chosenLine } from "./session-crypto.ts";

/** One stream of a recording session: what one side of the call says. */
export interface OfferedStream {
  /** `1` = customer's side, `2` = agent's side. */
  readonly label: string;
  readonly port: number;
  readonly rtcpPort: number;
  /** As the party's audio comes; offered first, so that nothing is converted where the recorder agrees. */
  readonly codec: AudioCodec;
  /** A party speaks there now. */
  readonly live: boolean;
  /** What it can be protected with; none or absent: plain RTP. */
  readonly crypto?: readonly SdpCrypto[];
}

/**
 * RFC 7866 7.1.1: an audio m-line per stream, each labelled, `sendonly`, or `inactive` in a pause and where nobody speaks.
 *
 * @param wanted codecs in the order of the profile; undefined: both, the party's own first
 */
export function recordingOffer(
  identity: SdpIdentity,
  streams: readonly OfferedStream[],
  paused: boolean,
  wanted?: readonly AudioCodec[],
): string {
  return formatSdp(
    multiAudioOffer(
      identity,
      streams.map(({ label, port, rtcpPort, codec, live, crypto = [] }): AudioStream => {
        return {
          port,
          label,
          codecs: [...codecsOf(wanted ?? (codec === "PCMA" ? ["PCMA", "PCMU"] : ["PCMU", "PCMA"])), TELEPHONE_EVENT],
          direction: paused || !live ? "inactive" : "sendonly",
          ptime: PTIME_MS,
          protocol: crypto.length === 0 ? "RTP/AVP" : "RTP/SAVP",
          attributes: [
            ...(rtcpPort === port + 1 ? [] : [{ name: "rtcp", value: String(rtcpPort) }]),
            ...crypto.map(cryptoAttribute),
          ],
        };
      }),
    ),
  );
}

function codecsOf(names: readonly AudioCodec[]): SdpCodec[] {
  return names.map((name) => (name === "PCMA" ? PCMA : PCMU));
}

/** What the recorder made of one stream. */
export interface AnsweredStream {
  readonly label: string;
  /** Absent where the recorder refused the stream, or does not take it now (`inactive`). */
  readonly destination: TapDestination | undefined;
  readonly refused: boolean;
  /** Tag of the `a=crypto` line that it took. */
  readonly cryptoTag?: number;
}

/** Reads the recorder's answer: its m-lines are those of the offer, in order (RFC 3264 6). Fails where every stream is refused. */
export function readRecordingAnswer(
  body: string | Buffer,
  streams: readonly OfferedStream[],
): Result<readonly AnsweredStream[]> {
  const sdp = parseSdp(body);
  if (!sdp.ok) return fail(`answer without readable SDP: ${sdp.error}`);
  const answered = streams.map(({ label, crypto = [] }, index): AnsweredStream => {
    const media = sdp.value.media[index];
    const remote = media === undefined ? undefined : remoteEndpoint(media, sdp.value);
    if (media === undefined || remote === undefined) return { label, destination: undefined, refused: true };
    const line = chosenLine(crypto, cryptosOf(media));
    // It would be sent in the clear what was offered protected.
    if (crypto.length > 0 && line === undefined) return { label, destination: undefined, refused: true };
    const cryptoTag = line === undefined ? {} : { cryptoTag: line.tag };
    const known = codecs(media);
    const voice = known.find(({ name }) => name === "PCMU" || name === "PCMA");
    if (voice === undefined) return { label, destination: undefined, refused: true };
    if (!takes(direction(media, sdp.value), remote.host)) {
      return { label, destination: undefined, refused: false, ...cryptoTag };
    }
    const events = known.find(({ name }) => name === "TELEPHONE-EVENT");
    const destination: TapDestination = {
      host: remote.host,
      port: remote.port,
      rtcpPort: remote.rtcpPort,
      payloadType: voice.payloadType,
      codec: voice.name === "PCMA" ? "PCMA" : "PCMU",
      ...(events === undefined ? {} : { dtmfPayloadType: events.payloadType }),
      ...(line === undefined ? {} : { srtp: line.srtp }),
    };
    return { label, destination, refused: false, ...cryptoTag };
  });
  if (answered.every(({ refused }) => refused)) return fail("the recorder refused every stream");
  return ok(answered);
}

/** A recorder that gives our own `sendonly` back has copied the line (RFC 3264 6.1 allows recvonly and inactive): it means yes. */
function takes(said: ReturnType<typeof direction>, host: string): boolean {
  return receives(said) || (said === "sendonly" && host !== "0.0.0.0");
}
