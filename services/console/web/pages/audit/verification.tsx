import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";

/** `GET /api/v1/audit/verification`. */
interface Report {
  readonly ok: boolean;
  readonly entries: number;
  readonly last: { readonly id: number; readonly at: string; readonly hash: string } | null;
  readonly broken: { readonly id: number; readonly reason: "missing" | "changed" } | null;
}

/** A trail up to this long is checked without being asked for; a longer one takes its time. Entries. */
const checkedAtOnce = 100_000;

/** Whether the trail is what was written: every entry carries a hash over the one before. */
export function Verification({ newest }: { newest: number | undefined }) {
  const [report, setReport] = useState<Report | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  const check = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      setReport(await api.get<Report>("/api/v1/audit/verification"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const known = newest !== undefined;
  useEffect(() => {
    if (known && newest <= checkedAtOnce) void check();
  }, [known]);
  return (
    <div class="audit-verification">
      <span role="status">
        <Verdict report={report} busy={busy} />
      </span>
      <button type="button" disabled={busy} onClick={() => void check()}>
        {report === undefined ? "Check" : "Check again"}
      </button>
      {report?.last !== undefined && report.last !== null && (
        <small>
          Entry {report.last.id} has the hash <code>{report.last.hash.slice(0, 16)}…</code>: kept elsewhere, it proves
          later that nothing was cut off.
        </small>
      )}
      {problem !== undefined && <ProblemNote problem={problem} />}
    </div>
  );
}

function Verdict({ report, busy }: { report: Report | undefined; busy: boolean }) {
  if (report === undefined) return <Badge>{busy ? "Checking the chain of entries …" : "Chain not checked yet"}</Badge>;
  if (report.ok) return <Badge tone="good">Unbroken: {report.entries} entries</Badge>;
  const what = report.broken?.reason === "missing" ? "is missing" : "was changed";
  return (
    <Badge tone="bad">
      Tampered with: entry {report.broken?.id ?? "?"} {what}
    </Badge>
  );
}
