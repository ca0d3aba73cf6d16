import { useState } from "preact/hooks";
import { Dialog } from "../../parts/dialog.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";

/** Asks before something is done that cannot simply be undone; `act` may fail, which is shown. */
export function Confirm(o: {
  title: string;
  text: string;
  button: string;
  act: () => Promise<void>;
  onClose: () => void;
}) {
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const act = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await o.act();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={o.title} onClose={o.onClose}>
      <div class="form">
        <p>{o.text}</p>
        {problem !== undefined && <ProblemNote problem={problem} />}
        <div class="form-actions">
          <button type="button" onClick={o.onClose}>
            Cancel
          </button>
          <button type="button" class="danger" disabled={busy} onClick={() => void act()}>
            {o.button}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** Shows a password once, for whoever must pass it on. */
export function PasswordNote(o: { name: string; password: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(o.password);
    setCopied(true);
  };
  return (
    <Dialog title={`First password of ${o.name}`} onClose={o.onClose}>
      <div class="form">
        <p>It is shown this once. {o.name} chooses another one at the first log-in.</p>
        <p>
          <code class="first-password">{o.password}</code>
        </p>
        <p role="status">{copied ? "Copied." : ""}</p>
        <div class="form-actions">
          <button type="button" onClick={() => void copy().catch(() => undefined)}>
            Copy
          </button>
          <button type="button" class="primary" onClick={o.onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
