import { rfc3339 } from "@sidetone/foundation";
import type { AuditTrail, CallJournal } from "../storage/index.ts";
import { type CallFacts, readFacts } from "./call-facts.ts";
import type { CallJournalDocument, GapLine, JournalLine, Participant, RelatedCall } from "./document.ts";
import { LINES_SHOWN } from "./limits.ts";
import { sipLines, sipServer } from "./sip-lines.ts";
import type { SignallingJournal } from "./signalling-journal.ts";
import { toldLines } from "./told-lines.ts";
import type { CallName, GapRow } from "./wire.ts";

/** Where journals are read from. */
export interface CallReader {
  readonly signalling: Pick<SignallingJournal, "find" | "messages">;
  readonly journal: Pick<CallJournal, "find">;
  readonly audit: Pick<AuditTrail, "about">;
}

/**
 * Everything that is known of a call: its messages, what was asked and told, what became of its recording; those of the calls that it came from or
 * went on in with it. Undefined: there is no such call, or none that may be seen.
 * @param sees which calls, by their parties
 */
export async function readCallJournal(
  reader: CallReader,
  name: CallName,
  { sees, text }: { readonly sees: (call: CallFacts) => boolean; readonly text: boolean },
): Promise<CallJournalDocument | undefined> {
  const found = await reader.signalling.find(name);
  const calls = (found?.calls ?? []).map(readFacts);
  const [call, ...others] = calls;
  if (found === undefined || call === undefined || !sees(call)) return undefined;
  const related = others.filter(sees);
  const seen = new Set([call, ...related].map(({ callUuid }) => callUuid));
  const dialogs = found.dialogs.filter(({ callUuid }) => seen.has(callUuid));
  const sip = sipLines(found.frames, dialogs, { text, of: call.callUuid });
  const told = await Promise.all(
    [call, ...related].map(async ({ callUuid, connId }) => {
      const [entries, audited] = await Promise.all([
        reader.journal.find({ connId }, LINES_SHOWN),
        reader.audit.about(connId, LINES_SHOWN),
      ]);
      return { ...toldLines(callUuid, entries, audited), cut: entries.length === LINES_SHOWN };
    }),
  );
  const lines = [
    ...sip.lines,
    ...told.flatMap((one) => one.lines),
    ...found.gaps.map((gap) => gapLine(gap, call.callUuid)),
  ].sort(inOrder);
  return {
    call,
    related: related.map((one): RelatedCall => ({ ...one, relation: relationOf(one, call) })),
    participants: columns([sipServer, ...sip.participants, ...told.flatMap((one) => one.participants)], call),
    lines,
    cut: found.cut || told.some(({ cut }) => cut),
    messages: reader.signalling.messages,
  };
}

function relationOf(one: CallFacts, call: CallFacts): RelatedCall["relation"] {
  return one.createdTime > call.createdTime ? "consultation" : "origin";
}

function gapLine({ from, to, dropped }: GapRow, callUuid: string): GapLine {
  return {
    kind: "gap",
    id: `g${from}`,
    time: rfc3339(from),
    callUuid,
    from: sipServer.id,
    to: sipServer.id,
    label: `${dropped} SIP messages are missing`,
    summary: `until ${rfc3339(to)}: the journal's writer was behind`,
    dropped,
    until: rfc3339(to),
  };
}

/** By time; of the same microsecond what came in is before what it caused. */
function inOrder(a: JournalLine, b: JournalLine): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
}

/** The caller's side at the left, SIP Server next to it, then phones, media, programs: an arrow crosses as few columns as may be. */
function columns(participants: readonly Participant[], { parties }: CallFacts): readonly Participant[] {
  const caller = parties.find(({ role }) => role === "origination")?.dn;
  const rank = ({ kind, name }: Participant): number => {
    if (kind === "sip-server") return 1;
    if (kind === "phone" || kind === "trunk") return name === caller ? 0 : 2;
    return kind === "resource-manager" ? 3 : kind === "media-server" ? 4 : 5;
  };
  const distinct = new Map(participants.map((one) => [one.id, one] as const));
  return Array.from(distinct.values()).toSorted((a, b) => rank(a) - rank(b));
}
