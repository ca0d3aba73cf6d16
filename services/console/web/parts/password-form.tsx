import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiProblem } from "../api.ts";
import { session } from "../session.ts";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";

/** Shortest password that the server takes; characters. */
const shortest = 12;

/** Change of one's own password. `onDone` is called when it is the password. */
export function PasswordForm(o: { onDone: () => void; onCancel?: () => void; currentLabel?: string }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState<{ at: "current" | "password" | "again"; text: string }>();
  const [busy, setBusy] = useState(false);
  const user = session.value?.user?.name ?? "";
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (password !== again) return setWrong({ at: "again", text: "The two are not the same." });
    setBusy(true);
    setWrong(undefined);
    try {
      await api.put("/api/v1/session/password", { current, password });
      o.onDone();
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : undefined;
      const at = problem?.code === "wrong-password" || problem?.code === "too-many-tries" ? "current" : "password";
      setWrong({ at, text: [problem?.message ?? String(error), problem?.remedy ?? ""].join(" ").trim() });
    } finally {
      setBusy(false);
    }
  };
  const errorAt = (at: "current" | "password" | "again"): string | undefined =>
    wrong?.at === at ? wrong.text : undefined;

  return (
    <form class="form" onSubmit={(event) => void save(event)}>
      <input
        type="text"
        class="visually-hidden"
        autocomplete="username"
        value={user}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <Field label={o.currentLabel ?? "Present password"} error={errorAt("current")}>
        {(ids) => (
          <input
            {...ids}
            ref={first}
            type="password"
            autocomplete="current-password"
            required
            value={current}
            onInput={(event) => setCurrent(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        label="New password"
        hint={`At least ${shortest} characters; a few words are easier to keep than signs. Other browsers are logged out.`}
        error={errorAt("password")}
      >
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required
            minLength={shortest}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="New password again" error={errorAt("again")}>
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required
            value={again}
            onInput={(event) => setAgain(event.currentTarget.value)}
          />
        )}
      </Field>
      <p role="status" class="visually-hidden">
        {wrong?.text ?? ""}
      </p>
      <div class="form-actions">
        {o.onCancel !== undefined && (
          <button type="button" onClick={() => o.onCancel?.()}>
            Cancel
          </button>
        )}
        <button type="submit" class="primary" disabled={busy}>
          Change password
        </button>
      </div>
    </form>
  );
}

/** The same as a dialog of the user menu. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [done, setDone] = useState(false);
  return (
    <Dialog title="Change password" onClose={onClose}>
      {done ? (
        <div class="form">
          <p role="status">Your password is changed. Other browsers are logged out.</p>
          <div class="form-actions">
            <button type="button" class="primary" onClick={onClose}>
              Close
            </button>
          </div>
        </div>
      ) : (
        <PasswordForm onDone={() => setDone(true)} onCancel={onClose} />
      )}
    </Dialog>
  );
}
