import { useLocation } from "preact-iso";
import { useEffect, useMemo, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { zone } from "../../time.ts";
import { Groups } from "./groups.tsx";
import { PartyList } from "./party-list.tsx";
import { listQuery, readView, summaryQuery, type View, viewQuery } from "./period.ts";
import { PeriodPicker } from "./period-picker.tsx";
import { type Group, type JudgedParty, meaningOf, shareText, type Totals } from "./wording.ts";
import "./reconciliation-page.css";

interface Answer extends Totals {
  readonly reasons: readonly { readonly verdict: string; readonly reason: string; readonly count: number }[];
  readonly ledgers: readonly {
    readonly sipServer: string;
    readonly state: string;
    readonly problem: string | null;
  }[];
  readonly parties: readonly JudgedParty[];
  readonly next: string | null;
}

interface Found {
  readonly list: Answer;
  readonly groups: readonly Group[];
}

/** R34: how much of what should be recorded is there, and each call that is not, with its reason. */
export default function ReconciliationPage() {
  const { query, path, route } = useLocation();
  const search = new URLSearchParams(query).toString();
  const now = useMemo(() => new Date(), [search]);
  const view = useMemo(() => readView(search, now), [search, now]);
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    setProblem(undefined);
    ask(view, now, left.signal)
      .then(setFound)
      .catch((error: unknown) => {
        if (!left.signal.aborted) setProblem(error);
      });
    return () => left.abort();
  }, [view, tries]);
  const show = (change: Partial<View>): void => route(`${path}${viewQuery({ ...view, ...change })}`);

  return (
    <Page title="Reconciliation">
      <PeriodPicker view={view} onChange={show} />
      {problem !== undefined && <ProblemNote problem={problem} retry={() => setTries(tries + 1)} />}
      {found === undefined && problem === undefined && <LateSpinner what="what should be recorded" />}
      {found !== undefined && problem === undefined && <Shown found={found} view={view} now={now} show={show} />}
    </Page>
  );
}

function Shown({
  found,
  view,
  now,
  show,
}: {
  found: Found;
  view: View;
  now: Date;
  show: (change: Partial<View>) => void;
}) {
  const { list, groups } = found;
  const away = list.ledgers.filter(({ problem }) => problem !== null);
  const nothing = list.expected + list.byPolicy === 0;
  const narrowed = view.dn !== "" || view.site !== "" || view.reason !== "" || view.day !== "";
  return (
    <>
      {away.map(({ sipServer, problem }) => (
        <ProblemNote
          key={sipServer}
          problem={`The ledger of ${sipServer} cannot be read, so what it expects is unknown: it ${problem ?? ""}`}
        />
      ))}
      <section class="share panel" aria-label="Share recorded" aria-live="polite">
        <p class="share-number">{shareText(list.shareRecorded)}</p>
        <div>
          <h2>recorded</h2>
          <p>{meaningOf(list)}</p>
        </div>
      </section>
      {nothing && !narrowed ? (
        <Teaching ledgers={list.ledgers.length} />
      ) : (
        <>
          <Groups groups={groups} view={view} show={show} />
          <PartyList list={list} view={view} now={now} show={show} />
        </>
      )}
    </>
  );
}

function Teaching({ ledgers }: { ledgers: number }) {
  return ledgers === 0 ? (
    <EmptyState title="No recorder follows a ledger yet">
      <p>
        A recorder compares what SIP Server says should be recorded with what it holds. Name the SIP Servers in{" "}
        <code>recorder.reconciliation.sip-servers</code> of <code>sidetone.yaml</code>, and start the recorder again.
      </p>
    </EmptyState>
  ) : (
    <EmptyState title="Nothing was to be recorded in this time">
      <p>
        Every call with a DN that has <code>record: true</code>, or that a client records, appears here as soon as it is
        answered. Choose another period, or make a call, e.g. from 7002 to 7001 of the demo.
      </p>
    </EmptyState>
  );
}

async function ask(view: View, now: Date, signal: AbortSignal): Promise<Found> {
  const list = listQuery(view, now);
  const summary = summaryQuery(view, now, zone);
  const [answer, { groups }] = await Promise.all([
    api.get<Answer>(`/api/v1/reconciliation?${list}`, signal),
    api.get<{ groups: readonly Group[] }>(`/api/v1/reconciliation/summary?${summary}`, signal),
  ]);
  return { list: answer, groups };
}
