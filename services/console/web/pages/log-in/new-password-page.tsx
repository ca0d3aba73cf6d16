import { useEffect } from "preact/hooks";
import { PasswordForm } from "../../parts/password-form.tsx";
import { askSession, logOut, session } from "../../session.ts";
import "./log-in.css";

/** Shown instead of every page to somebody whose password an administrator gave them. */
export default function NewPasswordPage() {
  useEffect(() => {
    document.title = "New password · Sidetone";
  }, []);
  return (
    <main class="log-in" id="main">
      <div class="log-in-card">
        <h1>Choose your password</h1>
        <p>Welcome, {session.value?.user?.name}. The password that you were given is for this first log-in only.</p>
        <PasswordForm currentLabel="Password that you were given" onDone={() => void askSession()} />
        <button type="button" class="quiet" onClick={() => void logOut()}>
          Log out
        </button>
      </div>
    </main>
  );
}
