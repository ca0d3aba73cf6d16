import { baseUrl, databasePlace, mapped } from "../addresses.ts";
import { joinPath, type Reader } from "../reading.ts";
import { duration, filePath, secret, text } from "../scalars.ts";
import { object, optional, required } from "../shapes.ts";
import type { RecorderConfig } from "../types.ts";
import { rtp, sipRoleFields } from "./sip-role.ts";

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
  "t-library": optional(
    object({ url: required(baseUrl("ws", "wss")), application: required(text), password: required(secret) }),
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
  tLibrary: v["t-library"],
}));
