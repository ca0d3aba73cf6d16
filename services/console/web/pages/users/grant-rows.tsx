import { Icon } from "../../parts/icon.tsx";
import { type Grant, type Right, rights, type Role, usualRights } from "./user-words.ts";

/** The DNs of a supervisor or agent, a row for each pattern, with what may be done there. */
export function GrantRows(o: { role: Role; rows: readonly Grant[]; onChange: (rows: readonly Grant[]) => void }) {
  const { role, rows, onChange } = o;
  const change = (at: number, row: Grant): void => onChange(rows.map((one, i) => (i === at ? row : one)));
  const toggle = (row: Grant, right: Right): Grant => ({
    dns: row.dns,
    rights: rights.map((r) => r.right).filter((r) => (r === right ? !row.rights.includes(r) : row.rights.includes(r))),
  });
  return (
    <fieldset class="grant-rows">
      <legend>DNs</legend>
      <p class="hint">
        {role === "agent" ? "The agent's own DN. " : "Everything shown has one of these DNs in it. "}A star stands for
        any characters: <code>70*</code>.
      </p>
      {rows.length === 0 && <p>None: there is nothing to see.</p>}
      {rows.map((row, at) => (
        <div class="grant-row" key={at}>
          <input
            aria-label={`DNs ${at + 1}`}
            value={row.dns}
            autocomplete="off"
            spellcheck={false}
            placeholder="7001 or 70*"
            onInput={(event) => change(at, { ...row, dns: event.currentTarget.value })}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove DNs ${at + 1}`}
            onClick={() => onChange(rows.filter((_, i) => i !== at))}
          >
            <Icon name="close" />
          </button>
          <div class="grant-rights" role="group" aria-label={`Rights at ${row.dns === "" ? "these DNs" : row.dns}`}>
            {rights.map(({ right, words }) => (
              <label key={right}>
                <input
                  type="checkbox"
                  checked={row.rights.includes(right)}
                  onChange={() => change(at, toggle(row, right))}
                />
                {words}
              </label>
            ))}
          </div>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...rows, { dns: "", rights: usualRights(role) }])}>
        Add DNs
      </button>
    </fieldset>
  );
}
