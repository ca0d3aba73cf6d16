import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { MediaServerConfig } from "@sidetone/config";
import { silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import {
  type InviteSession,
  nameAddr,
  parseSdp,
  parseUri,
  remoteEndpoint,
  SipEndpoint,
  type SipResponse,
} from "@sidetone/sip";

/** Real time, no log. */
export const context = { clock: systemClock, random: systemRandom, log: silentLogger };

/** SIP on its own, as SIP Server or as a recorder. */
export function endpoint(userAgent: string): SipEndpoint {
  return new SipEndpoint({ ...context, userAgent, supported: ["siprec", "timer"] });
}

/** A UDP socket on loopback. */
export async function socket(): Promise<Socket & { port: number }> {
  const made = createSocket("udp4");
  made.bind(0, "127.0.0.1");
  await once(made, "listening");
  return Object.assign(made, { port: made.address().port });
}

/** A Media Server on any port. */
export function config(resourceManager: string): MediaServerConfig {
  return {
    listen: [{ transport: "tcp", host: "127.0.0.1", port: 0 }],
    http: { host: "127.0.0.1", port: 0 },
    apiToken: undefined,
    sipJournal: undefined,
    peers: [],
    resourceManagers: [resourceManager],
    resourceEvents: true,
    rtp: { address: "127.0.0.1", advertise: "127.0.0.1", portMin: 10_000, portMax: 24_999, packetIo: "auto" },
    recorderProfiles: new Map(),
    rtpTimeoutMs: 90_000,
  };
}

/** A SIP URI as From. */
export function address(text: string) {
  const uri = parseUri(text);
  assert.ok(uri.ok);
  return nameAddr(uri.value);
}

/** 20 ms of one octet, µ-law. */
export function rtpPacket(sequence: number, fill: number): Buffer {
  const packet = Buffer.alloc(172, fill);
  packet[0] = 0x80;
  packet[1] = 0;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 160, 4);
  packet.writeUInt32BE(fill, 8);
  return packet;
}

/** Calls the Media Server as SIP Server does for a leg; resolves when it is answered. */
export function leg(
  sip: SipEndpoint,
  server: string,
  dn: string,
  rtpPort: number,
): Promise<{ session: InviteSession; response: SipResponse }> {
  const session = sip.invite({
    uri: `sip:msml=c1@${server};dn=${dn};record`,
    to: { uri: `sip:${server};transport=tcp` },
    from: address("sip:sip-server@127.0.0.1"),
    body: `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${rtpPort} RTP/AVP 0\r\n`,
  });
  return new Promise((resolve, reject) => {
    session.on("accepted", (response) => resolve({ session, response }));
    session.on("rejected", ({ status }) => reject(new Error(`leg refused: ${status}`)));
  });
}

/** Where an SDP wants its audio. */
export function portIn(body: Buffer): number {
  const sdp = parseSdp(body);
  assert.ok(sdp.ok && sdp.value.media[0] !== undefined);
  return remoteEndpoint(sdp.value.media[0], sdp.value)?.port ?? 0;
}
