import { useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { GrantRows } from "./grant-rows.tsx";
import {
  type Grant,
  grantsMistake,
  grantsToSend,
  isLimited,
  type Role,
  roles,
  type User,
  usualRights,
} from "./user-words.ts";

/** What the server says of a user that was made or changed. */
export interface Changed {
  readonly user: User;
  /** For the first log-in; shown once. */
  readonly password?: string;
}

/** Dialog of a new user, or of role and DNs of one. */
export function UserForm(o: { user: User | undefined; onClose: () => void; onDone: (changed: Changed) => void }) {
  const { user } = o;
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState<Role>(user?.role ?? "agent");
  const [rows, setRows] = useState<readonly Grant[]>(user?.grants ?? [{ dns: "", rights: usualRights("agent") }]);
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const self = user?.self === true;

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const mistake = grantsMistake(role, rows);
    if (mistake !== undefined) return setProblem(new Error(mistake));
    setBusy(true);
    setProblem(undefined);
    const grants = grantsToSend(role, rows);
    try {
      const changed =
        user === undefined
          ? await api.post<Changed>("/api/v1/users", { name: name.trim(), role, grants })
          : await api.patch<Changed>(`/api/v1/users/${encodeURIComponent(user.name)}`, { role, grants });
      o.onDone(changed);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={user === undefined ? "New user" : `Role and DNs of ${user.name}`} onClose={o.onClose}>
      <form class="form" onSubmit={(event) => void save(event)}>
        {user === undefined && (
          <Field label="Name" hint="What the person types to log in.">
            {(ids) => (
              <input
                {...ids}
                required
                maxLength={100}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field
          label="Role"
          hint={self ? "Nobody takes their role from themselves." : roles.find((one) => one.role === role)?.words}
        >
          {(ids) => (
            <select
              {...ids}
              value={role}
              disabled={self}
              onChange={(event) => setRole(event.currentTarget.value as Role)}
            >
              {roles.map((one) => (
                <option key={one.role} value={one.role}>
                  {one.role}
                </option>
              ))}
            </select>
          )}
        </Field>
        {isLimited(role) && <GrantRows role={role} rows={rows} onChange={setRows} />}
        {problem !== undefined && <ProblemNote problem={problem} />}
        <div class="form-actions">
          <button type="button" onClick={o.onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {user === undefined ? "Create" : "Save"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
