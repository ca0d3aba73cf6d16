import { listOf, object, oneOrMore, optional, required } from "../shapes.ts";
import type { RecorderConfig, ReconciliationConfig } from "../types.ts";
import { baseUrl, databasePlace, mapped } from "../addresses.ts";
import { joinPath, type Reader } from "../reading.ts";
import { duration, filePath, oneOf, secret, text } from "../scalars.ts";
import { rtp, sipRoleFields } from "./sip-role.ts";

/** Longer than people who listen are silent with silence suppression, as a rule. */
const SILENCE_MS = 10_000;
const INTERVAL_MS = 1000;
/** A quarter of a year. */
const KEEP_MS = 90 * 86_400_000;
const storage = mapped(
  object({
    directory: required(filePath),
    database: required(databasePlace),
    "database-password": optional(secret),
  }),
  (v, at, reading) => {
    const { directory, database } = v;
    const databasePassword = v["database-password"];
    if (databasePassword !== undefined && !database.includes("://")) {
      return reading.complain(
        { path: joinPath(at.path, "database-password") },
        "is for PostgreSQL, but the database is a SQLite file.",
        "Leave it out.",
      );
    }
    return { directory, database, ...(databasePassword === undefined ? {} : { databasePassword }) };
  },
);

const fields = object({
  ...sipRoleFields,
  rtp: required(rtp),
  storage: required(storage),
  "rtp-timeout": optional(duration(1000), 90_000), // R33
  srtp: optional(oneOf(["off", "optional", "required"]), "optional"),
  "dtmf-digits": optional(oneOf(["masked", "shown"]), "masked"),
  "t-library": optional(
    object({
      url: required(baseUrl("ws", "wss")),
      application: required(text),
      password: required(secret),
      mask: optional(listOf(text), []),
    }),
  ),
  reconciliation: optional(
    object({
      "sip-servers": optional(oneOrMore(baseUrl("http", "https"))),
      recorders: optional(listOf(baseUrl("http", "https")), []),
      silence: optional(duration(1000), SILENCE_MS),
      interval: optional(duration(100), INTERVAL_MS),
      keep: optional(duration(86_400_000), KEEP_MS),
    }),
  ),
});

/** Section `recorder`. */
export const recorder: Reader<RecorderConfig> = mapped(fields, (v) => ({
  listen: v.listen,
  http: v.http,
  apiToken: v["api-token"],
  sipJournal: v["sip-journal"],
  peers: v.peers,
  rtp: v.rtp,
  storage: v.storage,
  rtpTimeoutMs: v["rtp-timeout"],
  dtmfDigits: v["dtmf-digits"],
  tLibrary: v["t-library"],
  reconciliation: reconciliation(v.reconciliation, v["t-library"]?.url),
  srtp: v.srtp,
}));

function reconciliation(
  v:
    | {
        "sip-servers"?: readonly string[] | undefined;
        recorders: readonly string[];
        silence: number;
        interval: number;
        keep: number;
      }
    | undefined,
  tLibraryUrl: string | undefined,
): ReconciliationConfig | undefined {
  const sipServers = v?.["sip-servers"] ?? (tLibraryUrl === undefined ? undefined : [httpOf(tLibraryUrl)]);
  if (sipServers === undefined) return undefined;
  return {
    sipServers,
    recorders: v?.recorders ?? [],
    silenceMs: v?.silence ?? SILENCE_MS,
    intervalMs: v?.interval ?? INTERVAL_MS,
    keepMs: v?.keep ?? KEEP_MS,
  };
}

/** The HTTP server behind a WebSocket address: SIP Server has one for both. */
function httpOf(webSocketUrl: string): string {
  const { protocol, host } = new URL(webSocketUrl);
  return `${protocol === "wss:" ? "https" : "http"}://${host}`;
}
