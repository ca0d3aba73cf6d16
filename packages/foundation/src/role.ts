import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { RandomBytes } from "./random.ts";

/** The parts of the system that `sidetone start` knows. */
export const roleNames = ["sip-server", "resource-manager", "media-server", "recorder", "console"] as const;
export type RoleName = (typeof roleNames)[number];

/** What every role is given from outside. */
export interface RoleContext {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** A role that runs. */
export interface RunningRole {
  readonly role: RoleName;
  /** URLs of everything that listens, with the real ports, e.g. `udp://127.0.0.1:5060`, `http://127.0.0.1:8081`. */
  readonly listening: readonly string[];
  /** Base URL of the role's HTTP server, where it has one. */
  readonly http: string | undefined;
  /** Reads again what of its configuration may change while it runs. Resolves when that is done, whatever came of it. */
  reload?(): Promise<void>;
  /** Ends calls and sessions, closes files and sockets. Idempotent; done within 5 s. */
  close(): Promise<void>;
}
