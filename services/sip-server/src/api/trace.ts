import { rfc3339 } from "@sidetone/foundation";
import type { AuditTrail, CallJournal, CallJournalRecord } from "../storage/index.ts";
import { badQuery, readParameters } from "./query.ts";

/** Most entries of one answer: the newest. */
const maxEntries = 10_000;

/** Where the trace is read from. */
export interface TraceSources {
  readonly journal: Pick<CallJournal, "of" | "find">;
  readonly audit: Pick<AuditTrail, "about">;
}

/** One line of a trace. */
export interface TraceEntry {
  /** RFC 3339 with microseconds. */
  readonly time: string;
  readonly callUuid: string | null;
  readonly connId: string;
  /** `tlib-request`, `tlib-response`, `tlib-event`, `audit`, or the call model's own kind of change. */
  readonly kind: string;
  readonly reference: number | null;
  readonly data: unknown;
}

/**
 * `GET /api/v1/trace?conn-id=|call-uuid=|reference=[&application=]`: everything that was asked, told and done about a
 * call, in order. A ReferenceID is unique in one session only: it gives every call that such a request was about.
 * @throws SidetoneError `bad-query` (400)
 */
export async function readTrace(sources: TraceSources, query: unknown): Promise<readonly TraceEntry[]> {
  const read = readParameters(query, ["conn-id", "call-uuid", "reference", "application"]);
  const connIds = await connIdsOf(sources.journal, read);
  const found = await Promise.all(
    connIds.map(async (connId) => {
      const [entries, audited] = await Promise.all([
        sources.journal.find({ connId }, maxEntries),
        sources.audit.about(connId, maxEntries),
      ]);
      const callUuid = entries.find((one) => one.callUuid !== "")?.callUuid;
      return [
        ...entries.map((one) => ({ at: one.at, line: lineOf(one) })),
        ...audited.map(({ at, actor, action, outcome, data }) => ({
          at,
          line: line(at, callUuid, connId, "audit", undefined, { actor, action, outcome, data }),
        })),
      ];
    }),
  );
  return found
    .flat()
    .sort((a, b) => a.at - b.at)
    .slice(-maxEntries)
    .map((one) => one.line);
}

async function connIdsOf(
  journal: TraceSources["journal"],
  read: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const named = ["conn-id", "call-uuid", "reference"].filter((name) => read.has(name));
  if (named.length !== 1) throw badQuery("one of conn-id, call-uuid and reference is needed");
  const application = read.get("application");
  if (application !== undefined && !read.has("reference")) throw badQuery("application goes with reference only");
  const connId = read.get("conn-id");
  if (connId !== undefined) return [connId.toLowerCase()];
  const callUuid = read.get("call-uuid");
  if (callUuid !== undefined) return distinct((await journal.of(callUuid)).map((one) => one.connId));
  const reference = Number(read.get("reference"));
  if (!Number.isSafeInteger(reference) || reference < 1) throw badQuery("reference is no ReferenceID");
  const requests = await journal.find({ reference }, maxEntries);
  const own = requests.filter((one) => application === undefined || applicationOf(one.data) === application);
  return distinct(own.map((one) => one.connId)).slice(-100);
}

function distinct(texts: readonly string[]): readonly string[] {
  return Array.from(new Set(texts));
}

function applicationOf(data: unknown): unknown {
  return typeof data === "object" && data !== null && "application" in data ? data.application : undefined;
}

function lineOf({ at, callUuid, connId, kind, reference, data }: CallJournalRecord): TraceEntry {
  return line(at, callUuid === "" ? undefined : callUuid, connId, kind, reference, data);
}

function line(
  at: number,
  callUuid: string | undefined,
  connId: string,
  kind: string,
  reference: number | undefined,
  data: unknown,
): TraceEntry {
  return { time: rfc3339(at), callUuid: callUuid ?? null, connId, kind, reference: reference ?? null, data };
}
