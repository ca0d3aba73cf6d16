import { useRef, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Field } from "../../parts/field.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { FindingList, Summary } from "./findings.tsx";
import { findingsOf, lineRange, type Mark } from "./marked-lines.ts";

/** `POST /api/v1/configuration/check`. */
interface CheckAnswer {
  readonly mistakes: readonly Mark[];
  readonly warnings: readonly Mark[];
  readonly notLookedAt: readonly string[];
}

/** A changed text is checked before anybody puts it in the file's place; nothing is applied here. */
export function CheckForm({ text }: { text: string }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [answer, setAnswer] = useState<CheckAnswer | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  const check = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      setAnswer(await api.post<CheckAnswer>("/api/v1/configuration/check", { text: area.current?.value ?? "" }));
    } catch (error) {
      setAnswer(undefined);
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const goTo = (line: number): void => {
    const shown = area.current;
    if (shown === null) return;
    shown.focus();
    shown.setSelectionRange(...lineRange(shown.value, line));
    const height = Number.parseFloat(getComputedStyle(shown).lineHeight);
    shown.scrollTop = Math.max(0, (line - 3) * height);
  };
  return (
    <section class="config-check" aria-labelledby="config-check">
      <h2 id="config-check">Check a changed text</h2>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <Field
          label="Text"
          hint="Nothing is changed by this. A secret that is left as ******** counts as the one in the file; other files and environment variables than those the file names are not looked at."
        >
          {(ids) => (
            <textarea
              {...ids}
              ref={area}
              rows={16}
              spellcheck={false}
              autocomplete="off"
              wrap="off"
              defaultValue={text}
            />
          )}
        </Field>
        <div class="form-actions">
          <button type="submit" class="primary" disabled={busy}>
            Check
          </button>
        </div>
      </form>
      <div role="status">{answer !== undefined && <Result answer={answer} goTo={goTo} />}</div>
      {problem !== undefined && <ProblemNote problem={problem} />}
    </section>
  );
}

function Result({ answer, goTo }: { answer: CheckAnswer; goTo: (line: number) => void }) {
  const findings = findingsOf(answer);
  return (
    <div class="config-result">
      <Summary findings={findings} />
      <FindingList findings={findings} onLine={goTo} />
      {answer.notLookedAt.length > 0 && (
        <p class="hint">Not looked at, because the file in use does not name it: {answer.notLookedAt.join(", ")}.</p>
      )}
    </div>
  );
}
