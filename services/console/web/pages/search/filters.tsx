import { useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { durationText } from "../../time.ts";
import { fromLocalInput, localInput } from "../audit/audit-filter.ts";
import { FilterDialog } from "./filter-dialog.tsx";
import { labelOf, stateWords } from "./search-fields.ts";
import { type SearchState, withCondition } from "./search-state.ts";
import { presets, readPreset } from "./time-range.ts";

/** Time, and the conditions as chips that can be taken away. */
export function Filters(o: { state: SearchState; onChange: (state: SearchState) => void }) {
  const { state, onChange } = o;
  const [adding, setAdding] = useState(false);
  const [between, setBetween] = useState(state.from !== "" || state.to !== "");
  const own = between || state.from !== "" || state.to !== "";
  const onTime = (value: string): void => {
    setBetween(value === "between");
    onChange({ ...state, when: readPreset(value), from: "", to: "" });
  };
  return (
    <div class="filters">
      <label class="filter-time">
        <span class="visually-hidden">Time</span>
        <select value={own ? "between" : (state.when ?? "")} onChange={(event) => onTime(event.currentTarget.value)}>
          <option value="">Any time</option>
          {presets.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          <option value="between">From … to …</option>
        </select>
      </label>
      {own && (
        <>
          <label class="filter-time">
            From{" "}
            <input
              type="datetime-local"
              value={localInput(state.from)}
              onChange={(event) =>
                onChange({ ...state, when: undefined, from: fromLocalInput(event.currentTarget.value) })
              }
            />
          </label>
          <label class="filter-time">
            to{" "}
            <input
              type="datetime-local"
              value={localInput(state.to)}
              onChange={(event) =>
                onChange({ ...state, when: undefined, to: fromLocalInput(event.currentTarget.value) })
              }
            />
          </label>
        </>
      )}
      {state.conditions.map(([name, value]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-label={`Remove ${labelOf(name)} ${valueText(name, value)}`}
          onClick={() => onChange(withCondition(state, name, ""))}
        >
          {labelOf(name)} <b>{valueText(name, value)}</b> <Icon name="close" />
        </button>
      ))}
      <button type="button" class="quiet" onClick={() => setAdding(true)}>
        + Filter
      </button>
      {adding && (
        <FilterDialog
          onClose={() => setAdding(false)}
          onAdd={(name, value) => {
            setAdding(false);
            onChange(withCondition(state, name, value));
          }}
        />
      )}
    </div>
  );
}

/** The value of a condition as people read it. */
export function valueText(name: string, value: string): string {
  if (name.endsWith("-duration-ms")) return durationText(Number(value));
  return name === "state" ? (stateWords[value] ?? value) : value;
}
