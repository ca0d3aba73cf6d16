import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { asyncApi, jsonSchema } from "@sidetone/tlib";
import type { Ledger } from "../ledger/ledger.ts";
import { listLedger, listLedgerChanges } from "../ledger/listing.ts";
import type { Authenticator } from "../registrar/authenticator.ts";
import type { Registrar } from "../registrar/registrar.ts";
import type { CallStore } from "../restore/index.ts";
import type { Storage } from "../storage/storage.ts";
import type { TlibStats } from "../t-library/index.ts";
import type { CallView } from "./call-view.ts";
import { badQuery, readChangesQuery, readLedgerFilter, readParameters } from "./query.ts";
import { callJournal, type JournalSources } from "./journal.ts";
import { readScope, type Scope } from "./scope.ts";
import { readTrace, type TraceSources } from "./trace.ts";

/** What routes and metrics show. */
export interface ApiParts {
  /** Calls now, with parties and recording state. */
  readonly calls: () => readonly CallView[];
  /** Where this SIP Server stands (`geo-location`). */
  readonly site?: () => string | undefined;
  readonly registrar: Pick<Registrar, "list" | "counts">;
  readonly authenticator: Pick<Authenticator, "counts">;
  readonly ledger: Pick<Ledger, "counts">;
  readonly storage: Storage;
  readonly store: Pick<CallStore, "stats">;
  readonly trace: TraceSources;
  readonly journals: JournalSources;
  readonly tlib: { stats(): TlibStats };
}

/**
 * Adds the SIP Server's paths; to be called in the `register` of `startHttp`.
 *
 * - `GET /api/v1/calls` → `{ calls }`
 * - `GET /api/v1/ledger?from=&to=&dn=&call-uuid=&outcome=&limit=&cursor=` → `{ ledger, next }`, the newest first
 * - `GET /api/v1/ledger/changes?after=&limit=` → `{ ledgerId, site, ledger, next, more }`, in the order of the changes
 * - `GET /api/v1/registrations?dn=` → `{ registrations }`
 * - `GET /api/v1/trace?conn-id=|call-uuid=|reference=` → `{ trace }`, in order
 * - `GET /api/v1/journal?call-uuid=|conn-id=[&text=none]` → SIP, T-Library and recording of a call, in order
 * - `GET /tlib/v1/schema.json`, `GET /tlib/v1/asyncapi.json`: T-Library for generators and for people
 *
 * `x-sidetone-dns: 70*, 8001` narrows calls, ledger, registrations and journals to those in which such a DN is party; the other two are for who
 * may see everything (403).
 */
export function registerRoutes(
  app: FastifyInstance,
  parts: Pick<ApiParts, "calls" | "site" | "registrar" | "storage" | "trace" | "journals">,
): void {
  app.get("/api/v1/calls", async (request) => {
    readParameters(request.query, []);
    const scope = readScope(request.headers);
    return { calls: parts.calls().filter(({ parties }) => scope.sees(parties.map(({ dn }) => dn))) };
  });
  app.get("/api/v1/ledger", async (request) => {
    const page = await listLedger(parts.storage, {
      ...readLedgerFilter(request.query),
      dns: readScope(request.headers).patterns,
    });
    if (!page.ok) throw badQuery(page.error);
    return { ledger: page.value.lines, next: page.value.next };
  });
  app.get("/api/v1/ledger/changes", async (request) => {
    allOnly(readScope(request.headers));
    const { lines, ...rest } = await listLedgerChanges(parts.storage, readChangesQuery(request.query));
    return { ...rest, site: parts.site?.() ?? null, ledger: lines };
  });
  app.get("/api/v1/registrations", async (request) => {
    const dn = readParameters(request.query, ["dn"]).get("dn");
    const scope = readScope(request.headers);
    const registrations = parts.registrar.list().filter((one) => scope.sees([one.dn]));
    return { registrations: dn === undefined ? registrations : registrations.filter((one) => one.dn === dn) };
  });
  app.get("/api/v1/trace", async (request) => {
    allOnly(readScope(request.headers));
    return { trace: await readTrace(parts.trace, request.query) };
  });
  app.get("/api/v1/journal", async (request) => callJournal(parts.journals, request.query, readScope(request.headers)));
  app.get("/tlib/v1/schema.json", async (_request, reply) => {
    return reply.type("application/schema+json").send(JSON.stringify(jsonSchema()));
  });
  app.get("/tlib/v1/asyncapi.json", async (request) => asyncApi({ host: request.host }));
}

/** What is for programs that follow everything. @throws SidetoneError `not-allowed` (403) */
function allOnly(scope: Scope): void {
  if (scope.patterns === undefined) return;
  throw new SidetoneError("not-allowed", "This is for who may see every DN.", {
    http: 403,
    remedy: "Ask for the journal of a call: GET /api/v1/journal?call-uuid=.",
  });
}
