import { SidetoneError } from "@sidetone/foundation";
import {
  type CallJournalDocument,
  journalUnavailable,
  readCallJournal,
  type SignallingJournal,
} from "../journal/index.ts";
import type { AuditTrail, CallJournal } from "../storage/index.ts";
import { badQuery, readParameters } from "./query.ts";
import type { Scope } from "./scope.ts";

/** Where journals are read from; undefined: the journal could not be opened. */
export interface JournalSources {
  readonly signalling: Pick<SignallingJournal, "find" | "messages"> | undefined;
  readonly journal: Pick<CallJournal, "find">;
  readonly audit: Pick<AuditTrail, "about">;
}

/**
 * `GET /api/v1/journal?call-uuid=|conn-id=[&text=none]`: SIP, T-Library and recording of a call, in order of time.
 * @throws SidetoneError `bad-query` (400), `no-such-call` (404), `journal-unavailable` (503)
 */
export async function callJournal(sources: JournalSources, query: unknown, scope: Scope): Promise<CallJournalDocument> {
  const read = readParameters(query, ["call-uuid", "conn-id", "text"]);
  const callUuid = read.get("call-uuid");
  const connId = read.get("conn-id");
  const text = read.get("text") ?? "full";
  if (text !== "full" && text !== "none") throw badQuery(`text ${text.slice(0, 40)} is unknown`, "Known: full, none.");
  if ((callUuid === undefined) === (connId === undefined))
    throw badQuery("one of call-uuid and conn-id is needed", "Give the one that you have.");
  const { signalling, journal, audit } = sources;
  if (signalling === undefined) throw journalUnavailable("it could not be opened at the start");
  const name = callUuid === undefined ? { connId: (connId ?? "").toLowerCase() } : { callUuid };
  const found = await readCallJournal({ signalling, journal, audit }, name, {
    sees: ({ parties }) => scope.sees(parties.map(({ dn }) => dn)),
    text: text === "full",
  });
  if (found !== undefined) return found;
  throw new SidetoneError(
    "no-such-call",
    `No journal is kept of the call ${(callUuid ?? connId ?? "").slice(0, 80)}.`,
    {
      http: 404,
      remedy: "Look at its spelling, and at sip-server.journal.days: older journals have been removed.",
    },
  );
}
