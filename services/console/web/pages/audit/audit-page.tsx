import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Icon } from "../../parts/icon.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { zone } from "../../time.ts";
import type { AuditAnswer } from "./audit-entry.ts";
import { narrows, queryOf, readFilter, wholeAudit } from "./audit-filter.ts";
import { AuditFilters } from "./audit-filters.tsx";
import { AuditTable } from "./audit-table.tsx";
import { Verification } from "./verification.tsx";
import "./audit.css";

/** Who did what, the newest first; the address names the filter. */
export default function AuditPage() {
  const { query, route } = useLocation();
  const filter = readFilter(query);
  const wanted = queryOf(filter);
  const [shown, setShown] = useState<AuditAnswer | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [asked, setAsked] = useState(0);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const gone = new AbortController();
    setProblem(undefined);
    api.get<AuditAnswer>(`/api/v1/audit${wanted}`, gone.signal).then(setShown, (error: unknown) => {
      if (!gone.signal.aborted) setProblem(error);
    });
    return () => gone.abort();
  }, [wanted, asked]);

  const older = async (next: string): Promise<void> => {
    setBusy(true);
    try {
      const more = await api.get<AuditAnswer>(`/api/v1/audit${queryOf(filter, { cursor: next })}`);
      setShown((now) => ({ entries: [...(now?.entries ?? []), ...more.entries], next: more.next }));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Page
      title="Audit"
      actions={
        <>
          <button type="button" onClick={() => setAsked(asked + 1)}>
            Refresh
          </button>
          <a class="button" href={`/api/v1/audit${queryOf(filter, { format: "csv" })}`} download="audit.csv">
            <Icon name="download" /> CSV
          </a>
        </>
      }
    >
      <p class="audit-about">
        Every log-in, search, listening, download, change and refusal. Entries cannot be changed or deleted. Times are
        in {zone}.
      </p>
      <Verification newest={shown?.entries[0]?.id} />
      <AuditFilters filter={filter} onChange={(changed) => route(`/audit${queryOf(changed)}`, true)} />
      {problem !== undefined && <ProblemNote problem={problem} retry={() => setAsked(asked + 1)} />}
      {shown === undefined && problem === undefined && <LateSpinner what="the audit" />}
      {shown !== undefined && shown.entries.length > 0 && <AuditTable entries={shown.entries} />}
      {shown !== undefined && shown.entries.length === 0 && narrows(filter) && (
        <EmptyState title="Nothing like that was done">
          <p>No entry fits all of these conditions.</p>
          <button type="button" onClick={() => route(`/audit${queryOf(wholeAudit)}`, true)}>
            Show everything
          </button>
        </EmptyState>
      )}
      {shown !== undefined && shown.entries.length === 0 && !narrows(filter) && (
        <EmptyState title="Nothing was done yet">
          Search for a recording or play one: it will stand here, with your name and the time.
        </EmptyState>
      )}
      {shown !== undefined && shown.next !== null && (
        <div class="audit-more">
          <button type="button" disabled={busy} onClick={() => void older(shown.next ?? "")}>
            Show older entries
          </button>
        </div>
      )}
    </Page>
  );
}
