import type { FastifyInstance } from "@sidetone/http";
import { listLedger } from "../ledger/listing.ts";
import type { RegistrationView } from "../registrar/types.ts";
import type { Storage } from "../storage/storage.ts";
import { badQuery, readLedgerFilter, readParameters } from "./query.ts";

/** What the routes show. */
export interface ApiSources {
  /** Calls now, with parties and recording state. */
  readonly calls: () => readonly unknown[];
  readonly registrations: () => readonly RegistrationView[];
  readonly storage: Storage;
}

/**
 * Adds the SIP Server's paths; to be called in the `register` of `startHttp`.
 *
 * - `GET /api/v1/calls` → `{ calls }`
 * - `GET /api/v1/ledger?from=&to=&dn=&call-uuid=&outcome=&limit=&cursor=` → `{ ledger, next }`, the newest first
 * - `GET /api/v1/registrations?dn=` → `{ registrations }`
 */
export function addApiRoutes(app: FastifyInstance, sources: ApiSources): void {
  app.get("/api/v1/calls", async (request) => {
    readParameters(request.query, []);
    return { calls: sources.calls() };
  });
  app.get("/api/v1/ledger", async (request) => {
    const page = await listLedger(sources.storage, readLedgerFilter(request.query));
    if (!page.ok) throw badQuery(page.error);
    return { ledger: page.value.lines, next: page.value.next };
  });
  app.get("/api/v1/registrations", async (request) => {
    const dn = readParameters(request.query, ["dn"]).get("dn");
    const registrations = sources.registrations();
    return { registrations: dn === undefined ? registrations : registrations.filter((one) => one.dn === dn) };
  });
}
