import { SidetoneError } from "@sidetone/foundation";
import { readUint16, readUint32 } from "../rtp-packet.ts";
import { KEY_STREAM_AHEAD } from "./key-stream.ts";
import { ENCRYPTED_FLAG, type PacketCipher, RTCP_CLEAR } from "./packet-cipher.ts";
import { packetIndex, rtpHeaderLength } from "./packet-index.ts";
import { deriveSessionKeys, type SessionKeys } from "./session-keys.ts";
import { packetCipher } from "./suite-cipher.ts";
import { type SrtpParameters, srtpSuite } from "./suite.ts";

interface Source {
  /** Index of the last RTP packet; -1 before the first. */
  highest: number;
  /** Index of the last RTCP packet, 31 bits. */
  rtcpIndex: number;
}

/**
 * Protects what is sent with one master key (RFC 3711 3.1). Must live as long as its key: another one with the same key would encrypt two packets
 * with one key stream, which gives both away.
 */
export class SrtpSender {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  readonly #sources = new Map<number, Source>();

  /** Throws a RangeError where the key does not fit the suite. */
  constructor(parameters: SrtpParameters, keys?: { readonly rtp: SessionKeys; readonly rtcp: SessionKeys }) {
    const suite = srtpSuite(parameters.suite);
    const master = parameters.keys[0];
    if (suite === undefined || master === undefined) throw new RangeError("no suite or no key to protect with");
    const rtp = keys?.rtp ?? deriveSessionKeys(suite, master.keySalt, "rtp");
    const rtcp = keys?.rtcp ?? deriveSessionKeys(suite, master.keySalt, "rtcp");
    this.#rtp = packetCipher(suite, rtp, suite.tagLength, KEY_STREAM_AHEAD);
    this.#rtcp = packetCipher(suite, rtcp, suite.rtcpTagLength, 1);
  }

  /**
   * Protects an RTP packet in place; `SRTP_OVERHEAD` octets behind it must be free. Returns its new length. Sequence numbers of a source must
   * rise: throws "srtp-index-repeated" for one that was there.
   */
  protectRtp(data: Uint8Array, offset: number, length: number): number {
    const clear = rtpHeaderLength(data, offset, length);
    if (clear < 0) throw new RangeError("no RTP packet");
    const ssrc = readUint32(data, offset + 8);
    const source = this.#sourceOf(ssrc);
    const sequence = readUint16(data, offset + 2);
    const index = source.highest < 0 ? sequence : packetIndex(source.highest, sequence);
    if (index <= source.highest) {
      throw new SidetoneError("srtp-index-repeated", `packet ${index} of ${ssrc} was protected before`);
    }
    source.highest = index;
    return this.#rtp.sealRtp(data, offset, clear, length, ssrc, index);
  }

  /** Protects an RTCP packet in place (RFC 3711 3.4); `SRTP_OVERHEAD` octets behind it must be free. Returns its new length. */
  protectRtcp(data: Uint8Array, offset: number, length: number): number {
    if (length < RTCP_CLEAR) throw new RangeError("no RTCP packet");
    const ssrc = readUint32(data, offset + 4);
    const source = this.#sourceOf(ssrc);
    source.rtcpIndex += 1;
    return this.#rtcp.sealRtcp(data, offset, length, ssrc, ENCRYPTED_FLAG + source.rtcpIndex);
  }

  #sourceOf(ssrc: number): Source {
    let source = this.#sources.get(ssrc);
    if (source === undefined) {
      source = { highest: -1, rtcpIndex: 0 };
      this.#sources.set(ssrc, source);
    }
    return source;
  }
}
