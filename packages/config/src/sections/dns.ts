import { mapped, sipUri } from "../addresses.ts";
import { type At, joinPath, type Reader, type Reading } from "../reading.ts";
import { duration, flag, integer, oneOf, secret, text } from "../scalars.ts";
import { listOf, object, optional, required } from "../shapes.ts";
import type { DigestAlgorithm, DnConfig, DnType } from "../types.ts";

const second = 1000;
/** Most simultaneous calls that a trunk may be given. */
const maxCapacity = 100_000;

const digestAlgorithms: Reader<DigestAlgorithm[]> = listOf(oneOf(["MD5", "SHA-256"]), 1);

const dnFields = object({
  type: required(oneOf(["extension", "acd-position", "routing-point", "trunk", "trunk-group", "voice-treatment-port"])),
  password: optional(secret),
  "digest-algorithms": optional<DigestAlgorithm[]>(digestAlgorithms, ["MD5"]),
  record: optional(flag, false),
  "recording-failure": optional(oneOf(["continue", "reject"]), "continue"),
  media: optional(oneOf(["direct", "anchored"]), "direct"),
  contact: optional(sipUri),
  prefix: optional(text),
  "replace-prefix": optional(text),
  user: optional(text),
  "inbound-authentication": optional(oneOf(["address", "digest"])),
  capacity: optional(integer(1, maxCapacity)),
  members: optional(listOf(text, 1)),
  "load-balance-scheme": optional(oneOf(["in-order", "round-robin"])),
  "default-destination": optional(text),
  "route-timeout": optional(duration(second, 3600 * second), 10 * second),
  treatment: optional(oneOf(["ringback", "music", "announcement"])),
  "alert-tone": optional(flag),
  "treatment-file": optional(text),
});

type Fields = NonNullable<ReturnType<typeof dnFields>>;

/** One DN of `sip-server.dns`. */
export function dnConfig(dn: string): Reader<DnConfig> {
  return mapped(dnFields, (v, at, reading) => {
    if (!soundDn(dn)) {
      return reading.complain(at, "is not a DN.", "A DN is 1 to 64 letters, digits and . _ - + * #.");
    }
    if (!(belongs(v, at, reading) && reached(v, at, reading) && fits(v, at, reading))) return undefined;
    return {
      dn,
      type: v.type,
      password: v.password,
      digestAlgorithms: v["digest-algorithms"],
      record: v.record,
      recordingFailure: v["recording-failure"],
      media: v.media,
      contact: v.contact,
      prefix: v.prefix,
      defaultDestination: v["default-destination"],
      routeTimeoutMs: v["route-timeout"],
      ...(v["alert-tone"] === undefined ? {} : { alertTone: v["alert-tone"] }),
      ...(v.type === "trunk" ? trunk(v) : v.type === "trunk-group" ? trunkGroup(v) : {}),
      ...(v.type === "routing-point"
        ? { treatment: v.treatment ?? "ringback", treatmentFile: v["treatment-file"] }
        : {}),
    };
  });
}

function trunk(v: Fields): Partial<DnConfig> {
  return {
    replacePrefix: v["replace-prefix"],
    user: v.user,
    inboundAuthentication: v["inbound-authentication"] ?? "address",
    capacity: v.capacity,
  };
}

function trunkGroup(v: Fields): Partial<DnConfig> {
  return {
    replacePrefix: v["replace-prefix"],
    members: v.members ?? [],
    loadBalanceScheme: v["load-balance-scheme"] ?? "in-order",
  };
}

/** Keys that mean something to some types only: elsewhere they would be without effect, and nobody would notice. */
const ofTypes: ReadonlyMap<keyof Fields, readonly DnType[]> = new Map<keyof Fields, readonly DnType[]>([
  ["prefix", ["trunk", "trunk-group"]],
  ["replace-prefix", ["trunk", "trunk-group"]],
  ["user", ["trunk"]],
  ["inbound-authentication", ["trunk"]],
  ["capacity", ["trunk"]],
  ["members", ["trunk-group"]],
  ["load-balance-scheme", ["trunk-group"]],
  ["treatment", ["routing-point"]],
  ["treatment-file", ["routing-point"]],
]);

function belongs(v: Fields, at: At, reading: Reading): boolean {
  let sound = true;
  for (const [key, types] of ofTypes) {
    if (v[key] === undefined || types.includes(v.type)) continue;
    sound = false;
    reading.complain(
      { path: joinPath(at.path, key) },
      `means nothing to a DN of type ${v.type}.`,
      `It is for: ${types.join(", ")}.`,
    );
  }
  return sound;
}

/** Where its phone, gateway or members are. */
function reached(v: Fields, at: At, reading: Reading): boolean {
  const complain = (message: string, remedy?: string): boolean => {
    reading.complain(at, message, remedy);
    return false;
  };
  if (v.type === "routing-point") return true;
  if (v.type === "trunk") {
    return v.contact !== undefined || complain("a trunk needs a contact.", 'Write contact: "sip:ADDRESS:PORT".');
  }
  if (v.type === "trunk-group") {
    if (v.contact !== undefined) {
      reading.complain(
        { path: joinPath(at.path, "contact") },
        "a trunk-group is reached over its members.",
        "Give the contact to a DN of type trunk, and name that in members.",
      );
      return false;
    }
    return v.members !== undefined || complain("a trunk-group needs members.", "Write members: [ TRUNK, ... ].");
  }
  if (v.password !== undefined || v.contact !== undefined) return true;
  return complain("needs a password to register with, or a contact that it is reached at.");
}

/** Keys that need each other. */
function fits(v: Fields, at: At, reading: Reading): boolean {
  const complain = (key: keyof Fields, message: string, remedy: string): boolean => {
    reading.complain({ path: joinPath(at.path, key) }, message, remedy);
    return false;
  };
  if (v["inbound-authentication"] === "digest" && v.password === undefined) {
    return complain("inbound-authentication", "digest needs a password.", "Add password to the trunk.");
  }
  if (v.user !== undefined && v.password === undefined) {
    return complain("user", "a user without a password answers no challenge.", "Add password to the trunk.");
  }
  if (v["replace-prefix"] !== undefined && v.prefix === undefined && v.type === "trunk-group") {
    return complain("replace-prefix", "there is no prefix that it replaces.", "Add prefix to the trunk-group.");
  }
  if (v.treatment === "announcement" && v["treatment-file"] === undefined) {
    return complain("treatment", "an announcement needs its file.", "Add treatment-file: NAME.");
  }
  if (v["treatment-file"] === undefined) return true;
  if (v.treatment === undefined || v.treatment === "ringback") {
    return complain("treatment-file", "ringback plays no file.", "Write treatment: music, or treatment: announcement.");
  }
  return (
    soundFileName(v["treatment-file"]) ||
    complain(
      "treatment-file",
      "is not a file name.",
      "1 to 128 letters, digits and . _ -, no folder, not beginning with a dot.",
    )
  );
}

function soundDn(dn: string): boolean {
  return dn.length > 0 && dn.length <= 64 && Array.from(dn).every((c) => /[A-Za-z0-9._+*#-]/.test(c));
}

/** A name in the Media Server's folder of prompts: no folder in it. */
export function soundFileName(name: string): boolean {
  return name.length <= 128 && !name.startsWith(".") && Array.from(name).every((c) => /[A-Za-z0-9._-]/.test(c));
}
