import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { CheckForm } from "./check-form.tsx";
import { FindingList, Summary } from "./findings.tsx";
import { findingsOf, type Mark } from "./marked-lines.ts";
import { TextView } from "./text-view.tsx";
import "./configuration.css";

/** `GET /api/v1/configuration`. */
interface ConfigurationAnswer {
  readonly file: string;
  readonly text: string | null;
  readonly mistakes: readonly Mark[];
  readonly warnings: readonly Mark[];
}

/** The configuration as it stands in the file, secrets masked, and a place to check a changed one. */
export default function ConfigurationPage() {
  const [shown, setShown] = useState<ConfigurationAnswer | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    setProblem(undefined);
    api.get<ConfigurationAnswer>("/api/v1/configuration", gone.signal).then(setShown, (error: unknown) => {
      if (!gone.signal.aborted) setProblem(error);
    });
    return () => gone.abort();
  }, [asked]);
  return (
    <Page
      title="Configuration"
      actions={
        <button type="button" onClick={() => setAsked(asked + 1)}>
          Read again
        </button>
      }
    >
      {problem !== undefined && <ProblemNote problem={problem} retry={() => setAsked(asked + 1)} />}
      {shown === undefined && problem === undefined && <LateSpinner what="the configuration" />}
      {shown !== undefined && <Shown key={asked} answer={shown} />}
    </Page>
  );
}

function Shown({ answer }: { answer: ConfigurationAnswer }) {
  const { file, text } = answer;
  const findings = findingsOf(answer);
  return (
    <>
      <section aria-labelledby="config-file">
        <div class="config-head">
          <h2 id="config-file">
            <code>{file}</code>
          </h2>
          <Summary findings={findings} />
        </div>
        <p class="hint">
          The file as it is now. Passwords, tokens and keys are masked, and so is what the check does not understand: it
          may be one.
        </p>
        {findings.length > 0 && text !== null && <FindingList findings={findings} href={(line) => `#line-${line}`} />}
        {text === null ? (
          <>
            <FindingList findings={findings} />
            <EmptyState title="The text cannot be shown">
              It could not be read as YAML, so nobody knows what in it is secret. Mend it where the mistake stands, then
              read it again; Sidetone goes on with what it read before.
            </EmptyState>
          </>
        ) : (
          <TextView text={text} findings={findings} />
        )}
      </section>
      <CheckForm text={text ?? ""} />
    </>
  );
}
