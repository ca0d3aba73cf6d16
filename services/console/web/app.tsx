import { signal } from "@preact/signals";
import { ErrorBoundary, lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { EmptyState } from "./parts/empty-state.tsx";
import { LateSpinner } from "./parts/late-spinner.tsx";
import { Page } from "./parts/page.tsx";
import { ProblemNote } from "./parts/problem-note.tsx";
import { askSession, can, type Permission, session, sessionProblem } from "./session.ts";
import { Shell } from "./shell.tsx";

const Live = lazy(() => import("./pages/live/live-page.tsx"));
const Search = lazy(() => import("./pages/search/search-page.tsx"));
const Player = lazy(() => import("./pages/player/player-page.tsx"));
const Call = lazy(() => import("./pages/call/call-page.tsx"));
const Reconciliation = lazy(() => import("./pages/reconciliation/reconciliation-page.tsx"));
const Workspace = lazy(() => import("./pages/workspace/workspace-page.tsx"));
const Users = lazy(() => import("./pages/users/users-page.tsx"));
const Audit = lazy(() => import("./pages/audit/audit-page.tsx"));
const Configuration = lazy(() => import("./pages/configuration/configuration-page.tsx"));
const LogIn = lazy(() => import("./pages/log-in/log-in-page.tsx"));
const NewPassword = lazy(() => import("./pages/log-in/new-password-page.tsx"));

/** Every page that a person who may open it can reach, in the order of the navigation. */
export const pages: readonly { path: string; title: string; permission: Permission }[] = [
  { path: "/live", title: "Live", permission: "live" },
  { path: "/search", title: "Recordings", permission: "search" },
  { path: "/reconciliation", title: "Reconciliation", permission: "reconciliation" },
  { path: "/workspace", title: "Workspace", permission: "workspace" },
  { path: "/users", title: "Users", permission: "users" },
  { path: "/audit", title: "Audit", permission: "audit" },
  { path: "/configuration", title: "Configuration", permission: "configuration" },
];

/** A page that could not be shown: an error of ours, or a file of the application that is gone since it was opened. */
const failure = signal<unknown>(undefined);

/** The console: who the visitor is, then the page that the address names. */
export function App() {
  useEffect(() => void askSession(), []);
  if (sessionProblem.value !== undefined)
    return <ProblemNote problem={sessionProblem.value} retry={() => void askSession()} />;
  if (session.value === undefined) return <LateSpinner what="the console" />;
  return (
    <LocationProvider>
      <ErrorBoundary onError={(error) => (failure.value = error)}>
        {failure.value !== undefined && <ProblemNote problem={failure.value} retry={() => location.reload()} />}
        {session.value.user === null ? (
          <Router key="log-in">
            <Route path="/log-in" component={LogIn} />
            <Route default component={LogIn} />
          </Router>
        ) : session.value.user.mustChangePassword ? (
          <Router key="new-password">
            <Route path="/log-in" component={NewPassword} />
            <Route default component={NewPassword} />
          </Router>
        ) : (
          <Shell pages={pages.filter(({ permission }) => can(permission))}>
            <Door>
              <Router>
                <Route path="/" component={Home} />
                <Route path="/log-in" component={Home} />
                <Route path="/live" component={Live} />
                <Route path="/search" component={Search} />
                <Route path="/recordings/:id" component={Player} />
                <Route path="/calls/:callUuid" component={Call} />
                <Route path="/reconciliation" component={Reconciliation} />
                <Route path="/workspace" component={Workspace} />
                <Route path="/users" component={Users} />
                <Route path="/audit" component={Audit} />
                <Route path="/configuration" component={Configuration} />
                <Route default component={Nowhere} />
              </Router>
            </Door>
          </Shell>
        )}
      </ErrorBoundary>
    </LocationProvider>
  );
}

/** What opens a page besides its own permission: its address does not stand in the navigation. */
const below: readonly { readonly path: string; readonly permission: Permission }[] = [
  { path: "/recordings/", permission: "search" },
  { path: "/calls/", permission: "reconciliation" },
];

/** Says so where a person may not open the page of this address; the server refuses its data in any case. */
function Door({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const needed =
    pages.find((page) => page.path === path)?.permission ?? below.find((one) => path.startsWith(one.path))?.permission;
  if (needed === undefined || can(needed)) return <>{children}</>;
  return (
    <Page title="Not for your role">
      <EmptyState title={`${withArticle(session.value?.user?.role ?? "visitor")} may not open this page`}>
        Ask an administrator for another role, or <a href="/">go to your first page</a>.
      </EmptyState>
    </Page>
  );
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "An" : "A"} ${noun}`;
}

/** `/`: the first page that this person may open. */
function Home() {
  const { route } = useLocation();
  const first = pages.find(({ permission }) => can(permission))?.path;
  useEffect(() => {
    if (first !== undefined) route(first, true);
  }, [first]);
  return first === undefined ? (
    <EmptyState title="Nothing to see yet">Your user has no rights here. Ask an administrator for a role.</EmptyState>
  ) : null;
}

function Nowhere() {
  return (
    <EmptyState title="There is no such page">
      The address may be mistyped. <a href="/">Go to the first page</a>.
    </EmptyState>
  );
}
