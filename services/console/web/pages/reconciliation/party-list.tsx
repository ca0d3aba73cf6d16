import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Field } from "../../parts/field.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { durationText, momentText } from "../../time.ts";
import { listQuery, type View } from "./period.ts";
import { type JudgedParty, reasonText, verdictText } from "./wording.ts";

interface PartyPage {
  readonly parties: readonly JudgedParty[];
  readonly next: string | null;
}

const choices: readonly (readonly [View["verdict"], string])[] = [
  ["faults", "Missing and not whole"],
  ["missing", "Missing"],
  ["partial", "Not whole"],
  ["pending", "Not judged yet"],
  ["by-policy", "By policy"],
  ["recorded", "Recorded"],
  ["all", "All"],
];

/** Each call-party of the chosen verdict, with its reason and the ways to its call and its recording. */
export function PartyList(o: {
  list: PartyPage & { readonly reasons: readonly { verdict: string; reason: string; count: number }[] };
  view: View;
  now: Date;
  show: (change: Partial<View>) => void;
}) {
  const { list, view, now, show } = o;
  const [more, setMore] = useState<PartyPage>();
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => setMore(undefined), [list]);
  const parties = [...list.parties, ...(more?.parties ?? [])];
  const next = more === undefined ? list.next : more.next;
  const goOn = async (): Promise<void> => {
    const query = listQuery(view, now);
    query.set("cursor", next ?? "");
    try {
      const page = await api.get<PartyPage>(`/api/v1/reconciliation?${query}`);
      setMore({ parties: [...(more?.parties ?? []), ...page.parties], next: page.next });
      setProblem(undefined);
    } catch (error) {
      setProblem(error);
    }
  };
  const reasons = Array.from(new Set(list.reasons.map(({ reason }) => reason))).toSorted();
  return (
    <section aria-label="Call-parties" class="parties">
      <div class="parties-head">
        <h2>Call-parties</h2>
        <Field label="Verdict">
          {(ids) => (
            <select
              {...ids}
              value={view.verdict}
              onChange={(event) => show({ verdict: event.currentTarget.value as View["verdict"] })}
            >
              {choices.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Reason">
          {(ids) => (
            <select {...ids} value={view.reason} onChange={(event) => show({ reason: event.currentTarget.value })}>
              <option value="">Any</option>
              {(reasons.includes(view.reason) || view.reason === "" ? reasons : [view.reason, ...reasons]).map(
                (reason) => (
                  <option key={reason} value={reason}>
                    {reason}
                  </option>
                ),
              )}
            </select>
          )}
        </Field>
      </div>
      {parties.length === 0 ? (
        <None verdict={view.verdict} />
      ) : (
        <ul class="party-list">
          {parties.map((party, n) => (
            // A party has no number of its own here; the order stays.
            <Party key={`${party.callUuid} ${party.dn} ${party.side} ${n}`} party={party} />
          ))}
        </ul>
      )}
      {problem !== undefined && <ProblemNote problem={problem} />}
      {next !== null && (
        <p>
          <button type="button" onClick={() => void goOn()}>
            Show more
          </button>
        </p>
      )}
    </section>
  );
}

function Party({ party }: { party: JudgedParty }) {
  const { verdict, reason, dn, side, expectedFrom, expectedMs, recordedMs, findings, recordings, callUuid } = party;
  const { label, tone } = verdictText[verdict];
  const words = reasonText(party);
  const others = findings
    .map(({ text }) => text)
    .filter((text) => text !== reason && reason?.startsWith(text) !== true);
  return (
    <li>
      <div class="party-what">
        <Badge tone={tone}>{label}</Badge> <strong>{dn}</strong> <small>{side}</small>
        <small>{momentText(expectedFrom)}</small>
        {expectedMs > 0 && (
          <small>
            {durationText(recordedMs)} of {durationText(expectedMs)}
          </small>
        )}
      </div>
      <p class="party-why">
        {words}
        {reason !== null && verdict !== "by-policy" && <span class="party-reason"> {reason}</span>}
        {others.length > 0 && <span class="party-reason"> {others.join("; ")}</span>}
      </p>
      <p class="party-ways">
        <a href={`/calls/${callUuid}`}>Journal of the call</a>
        {recordings.map(({ id }) => (
          <a key={id} href={`/recordings/${encodeURIComponent(id)}`}>
            Recording
          </a>
        ))}
      </p>
    </li>
  );
}

function None({ verdict }: { verdict: View["verdict"] }) {
  const good = verdict === "faults" || verdict === "missing" || verdict === "partial";
  return (
    <EmptyState title={good ? "None is missing here" : "There is none"}>
      {good
        ? "Of what should be recorded in this time nothing is missing. Choose All to see every call-party."
        : "Choose another verdict, or another period."}
    </EmptyState>
  );
}
