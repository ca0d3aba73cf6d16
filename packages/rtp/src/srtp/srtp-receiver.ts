import { MAX_SRTP_SOURCES } from "../limits.ts";
import { readUint16, readUint32 } from "../rtp-packet.ts";
import { KEY_STREAM_AHEAD } from "./key-stream.ts";
import { ENCRYPTED_FLAG, type PacketCipher, RTCP_CLEAR } from "./packet-cipher.ts";
import { packetIndex, rtpHeaderLength } from "./packet-index.ts";
import { ReplayWindow } from "./replay-window.ts";
import { deriveSessionKeys, type SessionKeys } from "./session-keys.ts";
import { packetCipher } from "./suite-cipher.ts";
import { type SrtpParameters, srtpSuite } from "./suite.ts";

/** What a master key leads to. */
interface Context {
  readonly mki: Uint8Array;
  readonly rtp: PacketCipher;
  readonly rtcp: PacketCipher;
  readonly sources: Map<number, Source>;
  readonly reporters: Map<number, Source>;
}

/** A source that has proved itself. */
interface Source {
  readonly window: ReplayWindow;
}

/** Octets at the end of a packet that are not encrypted. */
interface Trailer {
  readonly tag: number;
  readonly rtcpTag: number;
  readonly mki: number;
  /** With GCM the tag belongs to the encrypted part, and the MKI is last. */
  readonly mkiLast: boolean;
}

/** Packets that were refused, by reason. */
export interface SrtpRefusals {
  /** No RTP or RTCP packet, or shorter than what a protected one has. */
  readonly malformed: number;
  /** Not sent with our key, or changed on the way. */
  readonly forged: number;
  /** Received before, or too old to say. */
  readonly replayed: number;
}

/** Checks and decrypts what is received with the keys of one description (RFC 3711 3.3). Wire input never makes it throw. */
export class SrtpReceiver {
  readonly #contexts: readonly Context[];
  readonly #trailer: Trailer;
  readonly #refused = { malformed: 0, forged: 0, replayed: 0 };

  /** Throws a RangeError where a key does not fit the suite, or MKIs have different lengths. */
  constructor(parameters: SrtpParameters, keys?: { readonly rtp: SessionKeys; readonly rtcp: SessionKeys }) {
    const suite = srtpSuite(parameters.suite);
    const mki = parameters.keys[0]?.mki.length;
    if (suite === undefined || mki === undefined) throw new RangeError("no suite or no key to receive with");
    if (parameters.keys.some((key) => key.mki.length !== mki)) throw new RangeError("MKIs of different lengths");
    this.#trailer = {
      tag: suite.tagLength,
      rtcpTag: suite.rtcpTagLength,
      mki,
      mkiLast: suite.cipher === "gcm",
    };
    this.#contexts = parameters.keys.map((master): Context => {
      const rtp = keys?.rtp ?? deriveSessionKeys(suite, master.keySalt, "rtp");
      const rtcp = keys?.rtcp ?? deriveSessionKeys(suite, master.keySalt, "rtcp");
      return {
        mki: master.mki,
        rtp: packetCipher(suite, rtp, suite.tagLength, KEY_STREAM_AHEAD),
        rtcp: packetCipher(suite, rtcp, suite.rtcpTagLength, 1),
        sources: new Map(),
        reporters: new Map(),
      };
    });
  }

  get refusals(): SrtpRefusals {
    return { ...this.#refused };
  }

  /** Makes an RTP packet of an SRTP packet, in place. Returns its length; -1 where it is refused, then nothing is changed. */
  unprotectRtp(data: Uint8Array, offset: number, length: number): number {
    const { tag, mki, mkiLast } = this.#trailer;
    const clear = rtpHeaderLength(data, offset, length);
    const plain = length - tag - mki;
    if (clear < 0 || plain < clear) return this.#refuse("malformed");
    const tagAt = offset + (mkiLast ? plain : length - tag);
    const context = this.#contextOf(data, offset + (mkiLast ? length - mki : plain));
    if (context === undefined) return this.#refuse("forged");
    const ssrc = readUint32(data, offset + 8);
    const sequence = readUint16(data, offset + 2);
    const source = context.sources.get(ssrc);
    if (source === undefined) return this.#firstRtp(context, data, offset, clear, plain, tagAt, ssrc, sequence);
    const index = packetIndex(source.window.highest, sequence);
    if (!source.window.isNew(index)) return this.#refuse("replayed");
    if (!context.rtp.openRtp(data, offset, clear, plain, tagAt, ssrc, index)) return this.#refuse("forged");
    source.window.take(index);
    return plain;
  }

  /** Makes an RTCP packet of an SRTCP packet, in place. Returns its length; -1 where it is refused, then nothing is changed. */
  unprotectRtcp(data: Uint8Array, offset: number, length: number): number {
    const { rtcpTag, mki, mkiLast } = this.#trailer;
    const plain = length - rtcpTag - mki - 4;
    if (plain < RTCP_CLEAR || (data[offset] ?? 0) >> 6 !== 2) return this.#refuse("malformed");
    const wordAt = offset + (mkiLast ? plain + rtcpTag : plain);
    const tagAt = offset + (mkiLast ? plain : length - rtcpTag);
    const context = this.#contextOf(data, offset + (mkiLast ? length - mki : plain + 4));
    if (context === undefined) return this.#refuse("forged");
    const ssrc = readUint32(data, offset + 4);
    const index = readUint32(data, wordAt) % ENCRYPTED_FLAG;
    const known = context.reporters.get(ssrc);
    if (known?.window.isNew(index) === false) return this.#refuse("replayed");
    if (!context.rtcp.openRtcp(data, offset, plain, tagAt, ssrc, wordAt)) return this.#refuse("forged");
    (known ?? remember(context.reporters, ssrc, context.rtcp)).window.take(index);
    return plain;
  }

  /** A source of which nothing is known: its rollover counter is 0, or 1 where all that was sent before the first turn is lost. */
  #firstRtp(
    context: Context,
    data: Uint8Array,
    offset: number,
    clear: number,
    plain: number,
    tagAt: number,
    ssrc: number,
    sequence: number,
  ): number {
    for (const index of [sequence, sequence + 0x1_0000]) {
      if (!context.rtp.openRtp(data, offset, clear, plain, tagAt, ssrc, index)) continue;
      remember(context.sources, ssrc, context.rtp).window.take(index);
      return plain;
    }
    return this.#refuse("forged");
  }

  #contextOf(data: Uint8Array, mkiAt: number): Context | undefined {
    const [only] = this.#contexts;
    if (this.#trailer.mki === 0) return only;
    return this.#contexts.find(({ mki }) => mki.every((octet, i) => data[mkiAt + i] === octet));
  }

  #refuse(why: keyof SrtpRefusals): -1 {
    this.#refused[why] += 1;
    return -1;
  }
}

function remember(sources: Map<number, Source>, ssrc: number, cipher: PacketCipher): Source {
  const oldest = sources.keys().next();
  if (sources.size >= MAX_SRTP_SOURCES && oldest.done !== true) {
    sources.delete(oldest.value);
    cipher.forget(oldest.value);
  }
  const source = { window: new ReplayWindow() };
  sources.set(ssrc, source);
  return source;
}
