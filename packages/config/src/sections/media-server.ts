import { baseUrl, mapped, peerAddress, sipUri } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, filePath, flag, integer, oneOf, size } from "../scalars.ts";
import { listOf, mapOf, object, oneOrMore, optional, required } from "../shapes.ts";
import type { MediaServerConfig, MsmlClientConfig, PromptsHttpConfig, RecorderProfile } from "../types.ts";
import { rtp, sipRoleFields } from "./sip-role.ts";

const profileFields = object({
  protocol: optional(oneOf(["siprec", "request-uri"]), "siprec"),
  layout: optional(oneOf(["single-session", "session-per-party"]), "single-session"),
  streams: optional(oneOf(["per-side", "per-participant"]), "per-side"),
  srtp: optional(oneOf(["off", "optional", "required"]), "off"),
  codecs: optional(listOf(oneOf(["PCMU", "PCMA"]), 1)),
  transport: optional(oneOf(["udp", "tcp"])),
});

function profile(name: string): Reader<RecorderProfile> {
  return mapped(profileFields, (v) => ({ name, ...v }));
}

const httpFields = object({
  allow: required(listOf(baseUrl("http", "https"), 1)),
  "max-size": optional(size, 5_000_000),
  timeout: optional(duration(100, 60_000), 10_000),
  redirects: optional(integer(0, 10), 3),
});

/** The largest sound file that is taken at all: ten minutes of 16-bit PCM. */
const MOST_OCTETS = 10_000_000;

const promptsHttp: Reader<PromptsHttpConfig> = mapped(httpFields, (v, at, reading) => {
  const maxOctets = v["max-size"];
  if (maxOctets < 1000 || maxOctets > MOST_OCTETS) return reading.complain(at, "max-size must be from 1kB to 10MB.");
  return { allow: v.allow, maxOctets, timeoutMs: v.timeout, maxRedirects: v.redirects };
});

function msmlClient(name: string): Reader<MsmlClientConfig> {
  return mapped(oneOrMore(peerAddress), (hosts) => ({ name, hosts }));
}

const fields = object({
  ...sipRoleFields,
  "resource-manager": optional(oneOrMore(sipUri), []),
  "resource-events": optional(flag, true),
  rtp: required(rtp),
  "recorder-profiles": optional(mapOf("recorder profiles", profile), new Map()),
  prompts: optional(filePath),
  "prompts-http": optional(promptsHttp),
  "record-folder": optional(filePath),
  "msml-clients": optional(mapOf("MSML clients", msmlClient), new Map()),
  "rtp-timeout": optional(duration(1000), 90_000), // R33
});

/** Section `media-server`. */
export const mediaServer: Reader<MediaServerConfig> = mapped(fields, (v) => ({
  listen: v.listen,
  http: v.http,
  apiToken: v["api-token"],
  sipJournal: v["sip-journal"],
  peers: v.peers,
  resourceManagers: v["resource-manager"],
  resourceEvents: v["resource-events"],
  rtp: v.rtp,
  recorderProfiles: v["recorder-profiles"],
  prompts: v.prompts,
  promptsHttp: v["prompts-http"],
  recordFolder: v["record-folder"],
  msmlClients: Array.from(v["msml-clients"].values()),
  rtpTimeoutMs: v["rtp-timeout"],
}));
