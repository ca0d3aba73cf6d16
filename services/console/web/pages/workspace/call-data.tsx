import { useState } from "preact/hooks";
import { Field } from "../../parts/field.tsx";
import { type Powers, whyNot } from "./call-actions.ts";
import type { AgentCall } from "./workspace-calls.ts";
import type { Workspace } from "./workspace.ts";

/** The call's user data; who may change them can. */
export function CallData({ workspace, call, powers }: { workspace: Workspace; call: AgentCall; powers: Powers }) {
  const pairs = Object.entries(call.userData);
  const mayWrite = powers.rights.has("userdata") && call.state !== "Alerting";
  if (pairs.length === 0 && !mayWrite) return null;
  const barred = whyNot("userdata", powers);
  const { connId } = call;
  return (
    <details class="call-data" open={pairs.length > 0}>
      <summary>User data{pairs.length > 0 ? ` (${pairs.length})` : ""}</summary>
      {pairs.length > 0 && (
        <dl>
          {pairs.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>
                <span>{typeof value === "string" ? value : JSON.stringify(value)}</span>
                {mayWrite && (
                  <button
                    type="button"
                    class="quiet"
                    disabled={barred !== undefined}
                    onClick={() => void workspace.ask({ kind: "drop-data", connId, key })}
                  >
                    Delete<span class="visually-hidden"> {key}</span>
                  </button>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {mayWrite && (
        <PairForm barred={barred} onPair={(key, value) => workspace.ask({ kind: "set-data", connId, key, value })} />
      )}
    </details>
  );
}

function PairForm(o: { barred: string | undefined; onPair: (key: string, value: string) => Promise<boolean> }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (key.trim() === "" || o.barred !== undefined) return;
    void o.onPair(key.trim(), value).then((done) => {
      if (!done) return;
      setKey("");
      setValue("");
    });
  };
  return (
    <form class="one-line" onSubmit={submit}>
      <Field label="Key">
        {(ids) => (
          <input
            {...ids}
            autocomplete="off"
            required
            maxLength={64}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="Value">
        {(ids) => (
          <input
            {...ids}
            autocomplete="off"
            maxLength={1000}
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" disabled={o.barred !== undefined}>
        Set
      </button>
    </form>
  );
}
