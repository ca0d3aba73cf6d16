import { SAMPLE_RATE } from "./audio-source.ts";
import { decodeAlaw, decodeUlaw } from "./g711.ts";
import { dominantFrequency, type Gap, gaps, level } from "./measure.ts";

/** One RTP packet as it came. */
export interface HeardPacket {
  /** `performance.now()` at arrival. */
  readonly at: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly payload: Buffer;
  readonly from: string;
}

/** What a phone heard: every packet, and measurements of the sound on its time line. */
export class Heard {
  readonly packets: HeardPacket[] = [];
  /** Datagrams that were no RTP: RTCP, STUN, rubbish. */
  otherDatagrams = 0;

  /** Takes one datagram; anything that is not RTP is only counted. */
  take(data: Buffer, from: string, at: number): void {
    const type = (data[1] ?? 0) & 0x7f;
    if (data.length < 12 || ((data[0] ?? 0) & 0xc0) !== 0x80 || (type >= 64 && type <= 95)) {
      this.otherDatagrams += 1; // RFC 5761 4: 64 to 95 are RTCP
      return;
    }
    const first = data[0] ?? 0;
    let start = 12 + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0 && data.length >= start + 4) start += 4 + 4 * data.readUInt16BE(start + 2);
    this.packets.push({
      at,
      sequence: data.readUInt16BE(2),
      timestamp: data.readUInt32BE(4),
      ssrc: data.readUInt32BE(8),
      payloadType: type,
      marker: ((data[1] ?? 0) & 0x80) !== 0,
      payload: data.subarray(Math.min(start, data.length)),
      from,
    });
  }

  /** G.711 packets only. */
  get audioPackets(): readonly HeardPacket[] {
    return this.packets.filter((packet) => packet.payloadType === 0 || packet.payloadType === 8);
  }

  /** `performance.now()` of the first packet that carries sound, not silence. */
  get firstSoundAt(): number | undefined {
    return this.audioPackets.find((packet) => level(linear(packet)) > 0.01)?.at;
  }

  /** Different synchronisation sources heard. */
  get sources(): ReadonlySet<number> {
    return new Set(this.packets.map((packet) => packet.ssrc));
  }

  /** Longest time between two packets, in ms. */
  get longestPauseMs(): number {
    let longest = 0;
    let before: HeardPacket | undefined;
    for (const packet of this.packets) {
      if (before !== undefined) longest = Math.max(longest, packet.at - before.at);
      before = packet;
    }
    return longest;
  }

  /** The sound between two instants of `performance.now()`, placed by RTP time; a new source, or a jump of more than 2 s, is placed by arrival. */
  samples(from?: number, to?: number): Int16Array {
    const list = this.audioPackets;
    const start = from ?? list[0]?.at ?? 0;
    const end = to ?? (list.at(-1)?.at ?? start) + 20;
    const out = new Int16Array(Math.max(0, Math.round(((end - start) * SAMPLE_RATE) / 1000)));
    let anchor: HeardPacket | undefined;
    for (const packet of list) {
      const moved = anchor === undefined ? 0 : (packet.timestamp - anchor.timestamp) | 0;
      if (
        anchor === undefined ||
        anchor.ssrc !== packet.ssrc ||
        Math.abs((moved * 1000) / SAMPLE_RATE - (packet.at - anchor.at)) > 2000
      ) {
        anchor = packet;
      }
      const offset = (packet.timestamp - anchor.timestamp) | 0;
      const at = Math.round(((anchor.at - start) * SAMPLE_RATE) / 1000) + offset;
      const sound = linear(packet);
      for (let i = 0; i < sound.length; i += 1) {
        if (at + i >= 0 && at + i < out.length) out[at + i] = sound[i] ?? 0;
      }
    }
    return out;
  }

  /** The strongest frequency between two instants; `undefined` in silence. */
  frequency(from?: number, to?: number): number | undefined {
    return dominantFrequency(this.samples(from, to));
  }

  /** Silences inside the sound. */
  gaps(minMs = 10): Gap[] {
    return gaps(this.samples(), minMs);
  }

  /** RFC 4733 digits, each once, in the order heard. */
  digits(eventPayloadType = 101): string {
    const seen = new Set<number>();
    let text = "";
    for (const packet of this.packets) {
      if (packet.payloadType !== eventPayloadType || packet.payload.length < 4 || seen.has(packet.timestamp)) continue;
      seen.add(packet.timestamp);
      text += "0123456789*#ABCD"[packet.payload[0] ?? 0] ?? "?";
    }
    return text;
  }
}

function linear(packet: HeardPacket): Int16Array {
  const decode = packet.payloadType === 8 ? decodeAlaw : decodeUlaw;
  return Int16Array.from(packet.payload, decode);
}
