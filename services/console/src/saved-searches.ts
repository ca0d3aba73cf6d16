import { type Clock, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import { admitted, type Doorkeeping, kept, notAllowed } from "./admission.ts";
import type { Visitor } from "./authentication.ts";
import { badBody, Body, isPlain } from "./body.ts";
import { maxSavedSearches, maxSearchName, maxSearchQuery } from "./limits.ts";
import { badParameter, Query } from "./query.ts";
import type { ConsoleStore } from "./store/console-store.ts";
import type { SavedSearch } from "./store/saved-search-table.ts";

/**
 * `GET /api/v1/saved-searches` → `{ searches: [{ name, query, shared, owner }] }`: one's own, and those that others share.
 * `PUT .../{name}` `{ query, shared }` adds or changes, `DELETE .../{name}` removes one's own; an administrator says by `?owner=` whose.
 */
export function registerSavedSearches(
  app: FastifyInstance,
  o: Doorkeeping & { readonly table: ConsoleStore["savedSearches"]; readonly clock: Clock },
): void {
  const { table, clock } = o;
  const path = "/api/v1/saved-searches";
  const deed = { permission: "search", action: "saved-search" } as const;

  app.get(path, async (request, reply) => {
    const visitor = await admitted(request, o, deed);
    void reply.header("cache-control", "no-store");
    return { searches: (await table.visibleTo(visitor.name)).map(searchView) };
  });

  app.put<{ Params: { name: string } }>(`${path}/:name`, async (request, reply) => {
    const visitor = await admitted(request, o, { ...deed, object: request.params.name });
    const name = nameOf(request.params.name);
    const body = new Body(request.body, ["query", "shared"]);
    const query = body.text("query", 0, maxSearchQuery);
    if (!isPlain(query) || query.includes("#")) throw badBody("query must be the query string of a search page.");
    const owner = await ownerOf(request, visitor, o, name);
    const search = { owner, name, query, shared: body.flag("shared", false), changedAt: clock.wallMicros() };
    const there = (await table.get(owner, name)) !== undefined;
    if (owner !== visitor.name && !there) throw unknownSearch(name);
    await kept(request, o, { ...deed, object: name, detail: { did: there ? "changed" : "saved", owner, query } });
    if (!(await table.put(search, maxSavedSearches))) {
      throw new SidetoneError(
        "too-many-searches",
        `There are ${maxSavedSearches} saved searches of ${owner} already.`,
        {
          http: 409,
          remedy: "Delete one that is not used any longer.",
        },
      );
    }
    return reply.code(there ? 200 : 201).send(searchView(search));
  });

  app.delete<{ Params: { name: string } }>(`${path}/:name`, async (request, reply) => {
    const visitor = await admitted(request, o, { ...deed, object: request.params.name });
    const name = nameOf(request.params.name);
    const owner = await ownerOf(request, visitor, o, name);
    if ((await table.get(owner, name)) === undefined) throw unknownSearch(name);
    await kept(request, o, { ...deed, object: name, detail: { did: "deleted", owner } });
    await table.remove(owner, name);
    return reply.code(204).send();
  });
}

/** Whose search is meant: one's own, or, for administrators, somebody else's that is shared. */
async function ownerOf(
  request: FastifyRequest,
  visitor: Visitor,
  o: Doorkeeping & { readonly table: Pick<ConsoleStore["savedSearches"], "get"> },
  name: string,
): Promise<string> {
  const owner = new Query(request.query, ["owner"]).text("owner") ?? visitor.name;
  if (owner === visitor.name) return owner;
  if (visitor.role !== "administrator") {
    const deed = { permission: "search", action: "saved-search", object: name, detail: { owner } } as const;
    await kept(request, o, deed, "refused");
    throw notAllowed(visitor);
  }
  if ((await o.table.get(owner, name))?.shared !== true) throw unknownSearch(name);
  return owner;
}

function nameOf(name: string): string {
  if (name.trim() === "" || name.length > maxSearchName || !isPlain(name))
    throw badParameter(`The name must be 1 to ${maxSearchName} characters that can be seen.`);
  return name;
}

function unknownSearch(name: string): SidetoneError {
  return new SidetoneError(
    "no-such-search",
    `There is no saved search ${JSON.stringify(name.slice(0, maxSearchName))}.`,
    {
      http: 404,
    },
  );
}

function searchView({ name, query, shared, owner }: SavedSearch): Omit<SavedSearch, "changedAt"> {
  return { name, query, shared, owner };
}
