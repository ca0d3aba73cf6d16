import { Field } from "../../parts/field.tsx";
import { type PeriodName, periodNames, type View } from "./period.ts";

/** Chooses the time that is looked at. */
export function PeriodPicker({ view, onChange }: { view: View; onChange: (change: Partial<View>) => void }) {
  return (
    <div class="period">
      <div role="group" aria-label="Period" class="period-names">
        {(Object.keys(periodNames) as PeriodName[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={view.period === name}
            onClick={() => onChange({ period: name, day: "" })}
          >
            {periodNames[name]}
          </button>
        ))}
      </div>
      {view.period === "own" && (
        <div class="period-own">
          {(["first", "last"] as const).map((end) => (
            <Field key={end} label={end === "first" ? "First day" : "Last day"}>
              {(ids) => (
                <input
                  {...ids}
                  type="date"
                  value={view[end]}
                  onChange={(event) => {
                    const { value } = event.currentTarget;
                    if (value !== "") onChange({ [end]: value, day: "" });
                  }}
                />
              )}
            </Field>
          ))}
        </div>
      )}
    </div>
  );
}
