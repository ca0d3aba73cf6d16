import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { momentText } from "../../time.ts";
import { askSession, session } from "../../session.ts";
import { Confirm, PasswordNote } from "./confirm.tsx";
import { type Changed, UserForm } from "./user-form.tsx";
import { dnsText, sourceWords, type User } from "./user-words.ts";
import "./users.css";

/** What lies over the list. */
type Over =
  | { readonly kind: "create" }
  | { readonly kind: "edit" | "reset" | "disable" | "delete"; readonly user: User }
  | { readonly kind: "password"; readonly name: string; readonly password: string };

/** Users: who may log in, as what, and with which DNs. */
export default function UsersPage() {
  const [users, setUsers] = useState<readonly User[]>();
  const [problem, setProblem] = useState<unknown>();
  const [over, setOver] = useState<Over>();
  const [said, setSaid] = useState("");
  const load = async (): Promise<void> => {
    try {
      setUsers((await api.get<{ users: readonly User[] }>("/api/v1/users")).users);
      setProblem(undefined);
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => void load(), []);
  const close = (): void => setOver(undefined);

  const done = async (what: string, { user, password }: Changed): Promise<void> => {
    setSaid(what);
    setOver(password === undefined ? undefined : { kind: "password", name: user.name, password });
    await load();
    // The first user of all ends the time in which everybody may do everything.
    if (session.value?.user?.kind === "anybody" && password === undefined) await askSession();
  };
  const patch = async (user: User, change: object, what: string): Promise<void> => {
    await done(what, await api.patch<Changed>(pathOf(user), change));
  };
  const enable = (user: User): void => {
    patch(user, { disabled: false }, `${user.name} may log in again.`).catch(setProblem);
  };

  return (
    <Page
      title="Users"
      actions={
        <button type="button" class="primary" onClick={() => setOver({ kind: "create" })}>
          New user
        </button>
      }
    >
      <p role="status" class="users-said">
        {said}
      </p>
      {problem !== undefined && <ProblemNote problem={problem} retry={() => void load()} />}
      {users === undefined && problem === undefined && <LateSpinner what="the users" />}
      {users !== undefined && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="Users">
          <table class="users">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">DNs</th>
                <th scope="col">Kept in</th>
                <th scope="col">State</th>
                <th scope="col">Last log-in</th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.map((user) => (
                <tr key={user.name}>
                  <th scope="row">
                    {user.name} {user.self && <small>you</small>}
                  </th>
                  <td data-label="Role">{user.role}</td>
                  <td data-label="DNs" class="users-dns">
                    {dnsText(user)}
                  </td>
                  <td data-label="Kept in">{sourceWords[user.source]}</td>
                  <td data-label="State">
                    <StateBadge user={user} />
                  </td>
                  <td data-label="Last log-in" class="number">
                    {user.lastLogInAt === null ? "–" : momentText(user.lastLogInAt)}
                  </td>
                  <td class="users-actions">
                    <Actions user={user} open={setOver} enable={enable} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {users?.length === 0 && (
        <p class="hint">
          Nobody has a log-in yet: whoever is at this machine may do everything. Create an administrator to end that.
        </p>
      )}
      {users?.some(({ source }) => source === "configuration") === true && (
        <p class="hint">Users of the configuration are changed there (console.users).</p>
      )}
      {over?.kind === "create" && (
        <UserForm
          user={undefined}
          onClose={close}
          onDone={(changed) => void done(`${changed.user.name} is created.`, changed)}
        />
      )}
      {over?.kind === "edit" && (
        <UserForm
          user={over.user}
          onClose={close}
          onDone={(changed) => void done(`${changed.user.name} is changed.`, changed)}
        />
      )}
      {over?.kind === "reset" && (
        <Confirm
          title={`Reset the password of ${over.user.name}?`}
          text="The present one ends to work at once, and every browser is logged out. You get a new one to pass on."
          button="Reset password"
          onClose={close}
          act={() => patch(over.user, { resetPassword: true }, `${over.user.name} has a new password.`)}
        />
      )}
      {over?.kind === "disable" && (
        <Confirm
          title={`Disable ${over.user.name}?`}
          text="Every session ends at once, and nobody logs in by this name until you enable it again."
          button="Disable"
          onClose={close}
          act={() => patch(over.user, { disabled: true }, `${over.user.name} is disabled.`)}
        />
      )}
      {over?.kind === "delete" && (
        <Confirm
          title={`Delete ${over.user.name}?`}
          text="This cannot be undone. Comments and the audit trail keep the name."
          button="Delete user"
          onClose={close}
          act={async () => {
            await api.delete(pathOf(over.user));
            close();
            await load();
            setSaid(`${over.user.name} is deleted.`);
          }}
        />
      )}
      {over?.kind === "password" && (
        <PasswordNote
          name={over.name}
          password={over.password}
          onClose={() => {
            close();
            if (session.value?.user?.kind === "anybody") void askSession();
          }}
        />
      )}
    </Page>
  );
}

function pathOf(user: User): string {
  return `/api/v1/users/${encodeURIComponent(user.name)}`;
}

function StateBadge({ user }: { user: User }) {
  if (user.state === "disabled") return <Badge tone="bad">Disabled</Badge>;
  if (user.state === "password-change") return <Badge tone="warn">First password</Badge>;
  return <Badge tone="good">Active</Badge>;
}

function Actions(o: { user: User; open: (over: Over) => void; enable: (user: User) => void }) {
  const { user, open, enable } = o;
  if (user.source === "configuration") return null;
  const { name, source, self, state } = user;
  return (
    <>
      {source === "local" && (
        <button type="button" aria-label={`Edit ${name}`} onClick={() => open({ kind: "edit", user })}>
          Edit
        </button>
      )}
      {source === "local" && !self && (
        <button type="button" aria-label={`Reset password of ${name}`} onClick={() => open({ kind: "reset", user })}>
          Reset password
        </button>
      )}
      {!self &&
        (state === "disabled" ? (
          <button type="button" aria-label={`Enable ${name}`} onClick={() => enable(user)}>
            Enable
          </button>
        ) : (
          <button type="button" aria-label={`Disable ${name}`} onClick={() => open({ kind: "disable", user })}>
            Disable
          </button>
        ))}
      {!self && (
        <button
          type="button"
          class="danger"
          aria-label={`Delete ${name}`}
          onClick={() => open({ kind: "delete", user })}
        >
          Delete
        </button>
      )}
    </>
  );
}
