import { matchesPattern, type RecorderProfile } from "@sidetone/config";

/** How sessions with a recorder are made; `media-server.recorder-profiles`. */
export type SessionProfile = Omit<RecorderProfile, "name">;

/** Profiles by name; what one does not say is `defaultProfile`'s. */
export type SessionProfiles = ReadonlyMap<string, Partial<SessionProfile>>;

/** Of a recorder that no profile is for. */
export const defaultProfile: SessionProfile = {
  protocol: "siprec",
  layout: "single-session",
  streams: "per-side",
  srtp: "off",
  codecs: undefined,
  transport: undefined,
};

/**
 * The profile of a destination: the one that is named after it, else the first whose `*` fits. Where the Resource Manager
 * chooses the recorder, the only profile there is, else the one named `*`.
 *
 * @param places what the destination is called, the most exact first; none where the Resource Manager chooses
 */
export function profileOf(profiles: SessionProfiles, places: readonly string[]): SessionProfile {
  const exact = places.map((place) => profiles.get(place)).find((profile) => profile !== undefined);
  const found = exact ?? (places.length === 0 ? unnamed(profiles) : byPattern(profiles, places));
  return { ...defaultProfile, ...found };
}

function byPattern(profiles: SessionProfiles, places: readonly string[]): Partial<SessionProfile> | undefined {
  for (const [name, profile] of profiles) {
    if (name.includes("*") && places.some((place) => matchesPattern(name.toLowerCase(), place.toLowerCase())))
      return profile;
  }
  return undefined;
}

function unnamed(profiles: SessionProfiles): Partial<SessionProfile> | undefined {
  const [only] = profiles.size === 1 ? profiles.values() : [];
  return only ?? profiles.get("*");
}
