import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./parts/icon.tsx";
import { PasswordDialog } from "./parts/password-form.tsx";
import { ProblemNote } from "./parts/problem-note.tsx";
import { logOut, session } from "./session.ts";
import { setTheme, theme, type Theme } from "./theme.ts";
import "./styles/shell.css";

const icons: Readonly<Record<string, IconName>> = {
  "/live": "live",
  "/search": "search",
  "/reconciliation": "check",
  "/workspace": "headset",
  "/users": "users",
  "/audit": "list",
  "/configuration": "settings",
};

/** Frame of every page: navigation, who is here, and the page itself. */
export function Shell(o: { pages: readonly { path: string; title: string }[]; children: ComponentChildren }) {
  const { path } = useLocation();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    // A new page is told to who cannot see it: its heading is what is read next.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  const closeOnLink = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest("a") !== null) setOpen(false);
  };
  const here = path.startsWith("/recordings/") ? "/search" : path.startsWith("/calls/") ? "/reconciliation" : path;
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="shell-bar">
        <a class="brand" href="/">
          <Icon name="wave" /> Sidetone
        </a>
        <button
          type="button"
          class="quiet menu-button"
          aria-expanded={open}
          aria-controls="navigation"
          onClick={() => setOpen(!open)}
        >
          <Icon name="menu" /> Menu
        </button>
        <nav id="navigation" class={open ? "open" : ""} aria-label="Pages" onClick={closeOnLink}>
          <ul>
            {o.pages.map(({ path: to, title }) => (
              <li key={to}>
                <a href={to} aria-current={here === to ? "page" : undefined}>
                  <Icon name={icons[to] ?? "list"} /> {title}
                </a>
              </li>
            ))}
          </ul>
          <UserMenu />
        </nav>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {o.children}
      </main>
    </div>
  );
}

function UserMenu() {
  const user = session.value?.user;
  const [changing, setChanging] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const leave = async (): Promise<void> => {
    try {
      await logOut();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <div class="user-menu">
      <label class="theme-choice">
        <span class="visually-hidden">Colours</span>
        <select value={theme.value} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
          <option value="system">System colours</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      {user !== null && user !== undefined && (
        <span class="who">
          {user.name} <small>{user.role}</small>
        </span>
      )}
      {user?.canChangePassword === true && (
        <button type="button" onClick={() => setChanging(true)}>
          Change password
        </button>
      )}
      {typeof user?.csrfToken === "string" && (
        <button type="button" onClick={() => void leave()}>
          Log out
        </button>
      )}
      {problem !== undefined && <ProblemNote problem={problem} />}
      {changing && <PasswordDialog onClose={() => setChanging(false)} />}
    </div>
  );
}
