import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem } from "../../api.ts";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { logIn, logInReason, session } from "../../session.ts";
import { backPath, oidcProblem, waitWords } from "./log-in-words.ts";
import "./log-in.css";

/** Log-in: name and password, single sign-on, and the demo where there is one. The address stays, and its page follows. */
export default function LogInPage() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | undefined>(() => oidcProblem(location.search));
  const [busy, setBusy] = useState(false);
  const [wait, setWait] = useCountdown();
  const name = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  const { oidc = null, demo = null } = session.value?.logIn ?? {};
  useEffect(() => {
    document.title = "Log in · Sidetone";
    name.current?.focus();
  }, []);

  const enter = async (as: string, by: string): Promise<void> => {
    setBusy(true);
    setWrong(undefined);
    try {
      await logIn(as, by);
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : undefined;
      setWrong(
        problem?.code === "too-many-tries"
          ? problem.message
          : [problem?.message ?? String(error), problem?.remedy ?? ""].join(" ").trim(),
      );
      if (problem?.retryAfter !== undefined) setWait(problem.retryAfter);
      setPassword("");
      secret.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (wait === 0 && !busy) void enter(user, password);
  };
  const reason =
    logInReason.value === "ended"
      ? "Your session has ended. Log in and you are back where you were."
      : logInReason.value === "left"
        ? "You are logged out."
        : undefined;

  return (
    <main class="log-in" id="main">
      <div class="log-in-card">
        <p class="log-in-brand">
          <Icon name="wave" /> Sidetone
        </p>
        <h1>Log in</h1>
        <div role="status">{reason !== undefined && wrong === undefined && <p>{reason}</p>}</div>
        <div role="alert">
          {wrong !== undefined && (
            <p class="log-in-wrong">
              <Icon name="warning" /> <span>{wrong}</span>
            </p>
          )}
        </div>
        <form class="form" onSubmit={submit}>
          <Field label="Name">
            {(ids) => (
              <input
                {...ids}
                ref={name}
                name="username"
                autocomplete="username"
                autocapitalize="none"
                spellcheck={false}
                required
                value={user}
                onInput={(event) => setUser(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="Password">
            {(ids) => (
              <input
                {...ids}
                ref={secret}
                type="password"
                name="password"
                autocomplete="current-password"
                required
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            )}
          </Field>
          <button type="submit" class="primary" aria-disabled={wait > 0 || busy}>
            {wait > 0 ? waitWords(wait) : "Log in"}
          </button>
        </form>
        {(oidc !== null || demo !== null) && (
          <div class="log-in-others">
            {oidc !== null && (
              <button type="button" onClick={() => goToProvider()}>
                {oidc}
              </button>
            )}
            {demo !== null && (
              <>
                <button type="button" onClick={() => void enter(demo.user, demo.password)}>
                  Continue as demo administrator
                </button>
                <p class="hint">
                  Offered because this browser and the console are on one machine that has demo passwords.
                </p>
              </>
            )}
          </div>
        )}
      </div>
    </main>
  );
}

function goToProvider(): void {
  const back = backPath(location.pathname, location.search);
  location.assign(`/api/v1/session/oidc?back=${encodeURIComponent(back)}`);
}

/** Seconds that are left, counted down. */
function useCountdown(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return [left, setLeft];
}
