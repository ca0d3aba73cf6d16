import { Field } from "../../parts/field.tsx";
import { actionWords } from "./audit-entry.ts";
import { type AuditFilter, fromLocalInput, localInput, narrows, wholeAudit } from "./audit-filter.ts";

/** The conditions; each takes effect when it is left or Enter is pressed, since every look at the audit is an entry of its own. */
export function AuditFilters(o: { filter: AuditFilter; onChange: (filter: AuditFilter) => void }) {
  const { filter, onChange } = o;
  const set =
    (name: keyof AuditFilter, read: (text: string) => string = (text) => text.trim()) =>
    (event: Event & { currentTarget: HTMLInputElement | HTMLSelectElement }): void =>
      onChange({ ...filter, [name]: read(event.currentTarget.value) });
  return (
    <form class="audit-filters" aria-label="Conditions" onSubmit={(event) => event.preventDefault()}>
      <Field label="Text">{(ids) => <input {...ids} type="search" value={filter.q} onChange={set("q")} />}</Field>
      <Field label="User">{(ids) => <input {...ids} type="text" value={filter.user} onChange={set("user")} />}</Field>
      <Field label="Action">
        {(ids) => (
          <select {...ids} value={filter.action} onChange={set("action")}>
            <option value="">All</option>
            {Object.entries(actionWords).map(([action, words]) => (
              <option key={action} value={action}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Object">
        {(ids) => <input {...ids} type="text" value={filter.object} onChange={set("object")} />}
      </Field>
      <Field label="Outcome">
        {(ids) => (
          <select {...ids} value={filter.outcome} onChange={set("outcome")}>
            <option value="">All</option>
            <option value="ok">ok</option>
            <option value="refused">refused</option>
            <option value="failed">failed</option>
          </select>
        )}
      </Field>
      <Field label="From">
        {(ids) => (
          <input
            {...ids}
            type="datetime-local"
            value={localInput(filter.from)}
            onChange={set("from", fromLocalInput)}
          />
        )}
      </Field>
      <Field label="To">
        {(ids) => (
          <input {...ids} type="datetime-local" value={localInput(filter.to)} onChange={set("to", fromLocalInput)} />
        )}
      </Field>
      {narrows(filter) && (
        <button type="button" class="quiet" onClick={() => onChange(wholeAudit)}>
          Clear
        </button>
      )}
    </form>
  );
}
