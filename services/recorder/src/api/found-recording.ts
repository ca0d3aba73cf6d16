import { SidetoneError } from "@sidetone/foundation";
import type { FastifyRequest } from "@sidetone/http";
import { inScope, readScope } from "../index/dn-scope.ts";
import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";

/** DNs (patterns) that the visitor is limited to, as the console tells them; it only ever narrows. */
const SCOPE_HEADER = "x-sidetone-dns";

/** What `RecordingQuery.scope` is for this request. */
export function scopeOf(request: FastifyRequest): readonly string[] | undefined {
  return readScope(request.headers[SCOPE_HEADER]);
}

/** Finds the recording that a path names, for whoever may see it: to others it is not there either. */
export function recordingFinder(index: Pick<RecordingIndex, "get">) {
  return async (request: FastifyRequest<{ Params: { id: string } }>): Promise<RecordingRow> => {
    const { id } = request.params;
    const row = await index.get(id);
    if (row !== undefined && inScope(row, scopeOf(request))) return row;
    throw new SidetoneError("no-such-recording", `There is no recording ${JSON.stringify(id.slice(0, 200))}.`, {
      http: 404,
      remedy: "Search for it: GET /api/v1/recordings?q=...",
    });
  };
}
