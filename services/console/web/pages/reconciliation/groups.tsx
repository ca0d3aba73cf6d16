import { dayText } from "../../time.ts";
import type { View } from "./period.ts";
import { faultsOf, type Group, shareText } from "./wording.ts";

const names = { day: "Day", site: "Site", dn: "DN" } as const;

/** The share by day, site or DN, each with a bar; a click narrows everything to it. */
export function Groups(o: { groups: readonly Group[]; view: View; show: (change: Partial<View>) => void }) {
  const { view, show } = o;
  const groups = view.by === "day" ? o.groups.toReversed() : o.groups;
  const narrowed = (["day", "site", "dn", "reason"] as const).filter((name) => view[name] !== "");
  return (
    <section aria-label={`By ${view.by}`}>
      <div class="groups-head">
        <h2>By</h2>
        <div role="group" aria-label="Grouped by" class="period-names">
          {(["day", "site", "dn"] as const).map((by) => (
            <button key={by} type="button" aria-pressed={view.by === by} onClick={() => show({ by })}>
              {names[by]}
            </button>
          ))}
        </div>
        {narrowed.map((name) => (
          <button key={name} type="button" class="chip" onClick={() => show({ [name]: "" })}>
            {name === "dn" ? "DN" : name}: {name === "day" ? dayName(view.day) : view[name]} ✕
            <span class="visually-hidden"> remove this filter</span>
          </button>
        ))}
      </div>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={`Share by ${view.by}`}>
        <table class="groups">
          <thead>
            <tr>
              <th scope="col">{names[view.by]}</th>
              <th scope="col">Recorded</th>
              <th scope="col" class="number">
                Missing
              </th>
              <th scope="col" class="number">
                Not whole
              </th>
              <th scope="col" class="number">
                Of
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={group.key}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => show({ [view.by]: group.key })}>
                    {view.by === "day" ? dayName(group.key) : group.key}
                  </button>
                </th>
                <td>
                  <span class="share-cell">
                    <Bar group={group} />
                    <span class="number">{shareText(group.shareRecorded)}</span>
                  </span>
                </td>
                <td class="number">{group.missing}</td>
                <td class="number">{group.partial}</td>
                <td class="number">{faultsOf(group) + group.recorded}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The numbers stand beside it. */
function Bar({ group }: { group: Group }) {
  const ended = group.recorded + group.partial + group.missing;
  const part = (n: number): string => `${ended === 0 ? 0 : (100 * n) / ended}%`;
  return (
    <span class="bar" aria-hidden="true">
      <span class="good" style={{ width: part(group.recorded) }} />
      <span class="warn" style={{ width: part(group.partial) }} />
      <span class="bad" style={{ width: part(group.missing) }} />
    </span>
  );
}

function dayName(key: string): string {
  return dayText(`${key}T12:00:00`);
}
