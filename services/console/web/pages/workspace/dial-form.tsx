import { useState } from "preact/hooks";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { whyNot } from "./call-actions.ts";
import { rightsOn } from "./rights.ts";
import type { Workspace } from "./workspace.ts";

/** Calls somebody. */
export function DialForm({ workspace }: { workspace: Workspace }) {
  const { dn = "", person, link, waiting } = workspace.state.value;
  const [to, setTo] = useState("");
  const barred = whyNot("control", {
    dn,
    rights: rightsOn(person?.grants ?? [], dn),
    online: link.kind === "up",
    waiting: (waiting.get("call") ?? 0) > 0,
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    const number = to.trim();
    if (number === "" || barred !== undefined) return;
    void workspace.ask({ kind: "make-call", to: number }).then((done) => {
      if (done) setTo("");
    });
  };
  return (
    <form class="panel one-line" onSubmit={submit}>
      <Field label="Call a DN or number">
        {(ids) => (
          <input
            {...ids}
            inputMode="tel"
            autocomplete="off"
            required
            maxLength={64}
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="primary" disabled={barred !== undefined}>
        <Icon name="phone" /> Call
      </button>
      {barred !== undefined && <p class="hint">{barred}</p>}
    </form>
  );
}
