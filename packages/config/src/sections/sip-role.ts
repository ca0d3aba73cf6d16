import { isSeq } from "yaml";
import { httpAddress, ipAddress, listenAddress, mapped, peerAddress, portRange } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { filePath, oneOf, secret, text } from "../scalars.ts";
import { listOf, object, optional, required } from "../shapes.ts";
import type { RtpConfig } from "../types.ts";

/** Keys that every SIP-speaking role has. */
export const sipRoleFields = {
  listen: required(listOf(listenAddress, 1)),
  http: optional(httpAddress),
  "api-token": optional(secret),
  "sip-journal": optional(filePath),
  peers: optional(listOf(peerAddress), []),
};

const oneNetwork = object({
  name: optional(text),
  address: required(ipAddress),
  advertise: optional(ipAddress),
  ports: required(portRange),
  "packet-io": optional(oneOf(["auto", "dgram", "batched"]), "auto"),
});

const network: Reader<RtpConfig> = mapped(oneNetwork, (v) => ({
  address: v.address,
  advertise: v.advertise ?? v.address,
  portMin: v.ports.min,
  portMax: v.ports.max,
  packetIo: v["packet-io"],
}));

const networks = listOf(network, 1);

/** `rtp`: one network, or a list of them, of which this version serves one. */
export const rtp: Reader<RtpConfig> = (at, reading) => {
  if (!isSeq(reading.resolve(at))) return network(at, reading);
  const list = networks(at, reading);
  if (list === undefined) return undefined;
  if (list.length > 1) return reading.complain(at, "several networks are not served by this version.", "Give one.");
  return list[0];
};
