import { useState } from "preact/hooks";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Field } from "../../parts/field.tsx";
import { dnChoices } from "./rights.ts";
import type { Workspace } from "./workspace.ts";

/** Asks at which DN the agent sits. */
export function DnChoice({ workspace }: { workspace: Workspace }) {
  const { person, link, dn } = workspace.state.value;
  const { dns, open } = dnChoices(person?.grants ?? []);
  const [typed, setTyped] = useState(dn ?? "");
  if (dns.length === 0 && !open) {
    return <NoDn />;
  }
  const submit = (event: Event): void => {
    event.preventDefault();
    if (typed.trim() !== "") workspace.open(typed.trim());
  };
  const refused = link.kind === "refused" ? link.error : undefined;
  return (
    <div class="panel dn-choice">
      <h2>Which phone do you sit at?</h2>
      <p>Its calls show here, and what you do here happens at that phone. This browser remembers the choice.</p>
      {dns.length > 0 && (
        <ul class="dn-list">
          {dns.map((one) => (
            <li key={one}>
              <button type="button" onClick={() => workspace.open(one)}>
                DN {one}
              </button>
            </li>
          ))}
        </ul>
      )}
      {refused !== undefined && (
        <p class="field-error" role="alert">
          DN {dn}: {refused.title}. {refused.detail}
        </p>
      )}
      {open && (
        <form class="one-line" onSubmit={submit}>
          <Field label={dns.length > 0 ? "Another DN" : "DN"}>
            {(ids) => (
              <input
                {...ids}
                inputMode="tel"
                autocomplete="off"
                required
                maxLength={64}
                value={typed}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            )}
          </Field>
          <button type="submit" class="primary">
            Open
          </button>
        </form>
      )}
    </div>
  );
}

/** Nothing to choose from: what is missing, and who can give it. */
export function NoDn() {
  return (
    <EmptyState title="No DN for you yet">
      The workspace shows the calls of one DN. Ask an administrator for a grant with the right “monitor” on the DN of
      your phone, and with “control” and “record” to use it from here.
    </EmptyState>
  );
}
