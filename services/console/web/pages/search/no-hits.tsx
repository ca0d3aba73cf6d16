import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { valueText } from "./filters.tsx";
import { labelOf } from "./search-fields.ts";
import { everything, type SearchState, withCondition } from "./search-state.ts";
import { presets } from "./time-range.ts";

/** Nothing fits: what can be loosened, each with one click. */
export function NothingFound(o: { state: SearchState; onChange: (state: SearchState) => void }) {
  const { state, onChange } = o;
  const timed = state.when !== undefined || state.from !== "" || state.to !== "";
  const preset = presets.find(({ name }) => name === state.when)?.label.toLowerCase();
  return (
    <EmptyState title="No recording fits">
      <p>All of these must hold. Take one away:</p>
      <p class="loosen">
        {state.q !== "" && (
          <button type="button" onClick={() => onChange({ ...state, q: "" })}>
            the text “{state.q}”
          </button>
        )}
        {timed && (
          <button type="button" onClick={() => onChange({ ...state, when: undefined, from: "", to: "" })}>
            the time{preset === undefined ? "" : ` (${preset})`}
          </button>
        )}
        {state.conditions.map(([name, value]) => (
          <button key={name} type="button" onClick={() => onChange(withCondition(state, name, ""))}>
            {labelOf(name)} {valueText(name, value)}
          </button>
        ))}
        <button type="button" class="quiet" onClick={() => onChange(everything)}>
          Show all recordings
        </button>
      </p>
      <p>
        <small>
          Filters compare whole values; the text may stand anywhere. A call that should have been recorded and was not
          is listed under <a href="/reconciliation">Reconciliation</a>.
        </small>
      </p>
    </EmptyState>
  );
}

interface Status {
  readonly phones?: {
    readonly servers: readonly string[];
    readonly domain: string;
    readonly dns: readonly { readonly dn: string; readonly record: boolean; readonly demoPassword?: string }[];
  };
}

/** Nothing is recorded yet: how to change that. */
export function NothingRecorded() {
  const [status, setStatus] = useState<Status | undefined>(undefined);
  useEffect(() => {
    const gone = new AbortController();
    api.get<Status>("/api/v1/status", gone.signal).then(setStatus, () => undefined);
    return () => gone.abort();
  }, []);
  const phones = status?.phones;
  const dns = phones?.dns ?? [];
  const recorded = dns.find(({ record }) => record);
  const others = dns.map(({ dn }) => dn).filter((dn) => dn !== recorded?.dn);
  return (
    <EmptyState title="Nothing is recorded yet">
      <p>Make a call, and it stands here while it is still going on.</p>
      <ol class="first-call">
        <li>
          Without a phone: <code>npm run demo</code> makes a recorded call.
        </li>
        {phones !== undefined && recorded !== undefined && (
          <li>
            With a softphone: register as <code>{`${recorded.dn}@${phones.domain}`}</code> at{" "}
            <code>{phones.servers[0]}</code>
            {recorded.demoPassword !== undefined && (
              <>
                {" "}
                with password <code>{recorded.demoPassword}</code>
              </>
            )}
            , and call another one of {others.join(", ")}.
          </li>
        )}
        <li>
          Was there a call already? <a href="/reconciliation">Reconciliation</a> says why it was not recorded.
        </li>
      </ol>
    </EmptyState>
  );
}
