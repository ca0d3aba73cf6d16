import { Readable } from "node:stream";
import { rfc3339 } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { admitted, type Doorkeeping, kept } from "../admission.ts";
import { auditPageDefault, auditPageMax, chainStep } from "../limits.ts";
import { badParameter, Query } from "../query.ts";
import type { AuditFilter } from "../store/audit-table.ts";
import type { ConsoleStore } from "../store/console-store.ts";
import { auditActions, auditOutcomes } from "./audit.ts";
import { auditList } from "./audit-list.ts";
import { csvHead, csvLine } from "./audit-csv.ts";
import { entryView } from "./audit-view.ts";
import { checkChain, isNoted } from "./chain-check.ts";

const filters = ["from", "to", "user", "action", "object", "outcome", "q"] as const;

/**
 * `GET /api/v1/audit?from=&to=&user=&action=&object=&outcome=&q=&limit=&cursor=` → `{ entries, next }`, the newest first; with `format=csv` all
 * that match, as a file. `GET /api/v1/audit/verification?entry=&hash=` checks the chain of hashes. Looking at the audit is an entry of it too;
 * there is no way to change one.
 */
export function registerAuditApi(
  app: FastifyInstance,
  o: Doorkeeping & { readonly table: Pick<ConsoleStore["audit"], "list" | "newest" | "get" | "check"> },
): void {
  const { table } = o;
  const deed = { permission: "audit", action: "audit" } as const;

  app.get("/api/v1/audit", async (request, reply) => {
    await admitted(request, o, deed);
    const query = new Query(request.query, [...filters, "limit", "cursor", "format"]);
    const filter = filterOf(query);
    const format = query.oneOf("format", ["json", "csv"]) ?? "json";
    const limit = query.number("limit", 1, auditPageMax) ?? auditPageDefault;
    const before = query.number("cursor", 1, Number.MAX_SAFE_INTEGER);
    await kept(request, o, { ...deed, detail: query.all() });
    if (format === "csv") {
      return reply
        .type("text/csv; charset=utf-8")
        .header("content-disposition", 'attachment; filename="audit.csv"')
        .header("cache-control", "no-store")
        .send(Readable.from(csvOf(table, filter)));
    }
    const rows = await auditList(table, filter, limit + 1, before);
    const page = rows.slice(0, limit);
    void reply.header("cache-control", "no-store");
    return { entries: page.map(entryView), next: rows.length > limit ? String(page.at(-1)?.id ?? "") : null };
  });

  let checking: ReturnType<typeof checkChain> | undefined;
  app.get("/api/v1/audit/verification", async (request, reply) => {
    await admitted(request, o, deed);
    const query = new Query(request.query, ["entry", "hash"]);
    const entry = query.number("entry", 1, Number.MAX_SAFE_INTEGER);
    const hash = query.text("hash");
    if ((entry === undefined) !== (hash === undefined)) throw badParameter("entry and hash are given together.");
    // Several who ask share one check.
    checking ??= checkChain(table).finally(() => {
      checking = undefined;
    });
    const { last, broken } = await checking;
    const row = last === undefined ? undefined : await table.get(last.id);
    const noted = entry === undefined || hash === undefined ? null : isNoted(await table.get(entry), hash);
    const sound = broken === undefined && noted !== false;
    await kept(request, o, { ...deed, detail: { verification: sound ? "sound" : "broken" } });
    void reply.header("cache-control", "no-store");
    return {
      ok: sound,
      entries: last?.id ?? 0,
      last: row === undefined ? null : { id: row.id, at: rfc3339(row.at), hash: row.hash },
      broken: broken ?? null,
      noted,
    };
  });
}

function filterOf(query: Query): AuditFilter {
  return {
    from: query.time("from"),
    to: query.time("to"),
    user: query.text("user"),
    action: query.oneOf("action", auditActions),
    object: query.text("object"),
    outcome: query.oneOf("outcome", auditOutcomes),
    text: query.text("q"),
  };
}

/** The file, page by page as it is taken: the whole trail need not be in memory. */
async function* csvOf(
  table: Pick<ConsoleStore["audit"], "list" | "newest">,
  filter: AuditFilter,
): AsyncGenerator<string> {
  yield csvHead;
  let before: number | undefined;
  for (;;) {
    const rows = await auditList(table, filter, chainStep, before);
    if (rows.length > 0) yield rows.map(csvLine).join("");
    if (rows.length < chainStep) return;
    before = rows.at(-1)?.id;
  }
}
