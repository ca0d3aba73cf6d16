import { mapped, sipUri } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, filePath, oneOf } from "../scalars.ts";
import { mapOf, object, oneOrMore, optional, required } from "../shapes.ts";
import type { MediaServerConfig, RecorderProfile } from "../types.ts";
import { rtp, sipRoleFields } from "./sip-role.ts";

const profileFields = object({
  protocol: optional(oneOf(["siprec", "request-uri"]), "siprec"),
  layout: optional(oneOf(["single-session", "session-per-party"]), "single-session"),
  streams: optional(oneOf(["per-side", "per-participant"]), "per-side"),
  srtp: optional(oneOf(["off", "optional", "required"]), "off"),
});

function profile(name: string): Reader<RecorderProfile> {
  return mapped(profileFields, (v) => ({ name, ...v }));
}

const fields = object({
  ...sipRoleFields,
  "resource-manager": optional(oneOrMore(sipUri), []),
  rtp: required(rtp),
  "recorder-profiles": optional(mapOf("recorder profiles", profile), new Map()),
  prompts: optional(filePath),
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
  rtp: v.rtp,
  recorderProfiles: v["recorder-profiles"],
  prompts: v.prompts,
  rtpTimeoutMs: v["rtp-timeout"],
}));
