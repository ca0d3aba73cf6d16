import type { Clock, Logger } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import type { Doorkeeping } from "./admission.ts";
import { registerAuditApi } from "./audit/audit-api.ts";
import { registerComments } from "./comments/comments-api.ts";
import { recordingFinder } from "./comments/recording-finder.ts";
import { registerConfiguration } from "./configuration/configuration-api.ts";
import type { RoleDirectory } from "./role-directory.ts";
import { registerSavedSearches } from "./saved-searches.ts";
import type { ConsoleStore } from "./store/console-store.ts";
import type { Upstream } from "./upstream.ts";

/** Adds the paths behind which stands the console's own store, and the configuration: audit, saved searches, comments. */
export function registerOwnPaths(
  app: FastifyInstance,
  o: Doorkeeping & {
    readonly store: ConsoleStore;
    /** Path of the configuration. */
    readonly file: string;
    readonly directory: RoleDirectory;
    readonly upstream: Upstream;
    readonly apiToken: string | undefined;
    readonly clock: Clock;
    readonly log: Logger;
  },
): void {
  const { store, clock } = o;
  registerAuditApi(app, { ...o, table: store.audit });
  registerSavedSearches(app, { ...o, table: store.savedSearches, clock });
  registerComments(app, { ...o, table: store.comments, clock, find: recordingFinder(o) });
  registerConfiguration(app, o);
}
