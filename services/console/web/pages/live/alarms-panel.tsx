import { Badge } from "../../parts/badge.tsx";
import { Icon } from "../../parts/icon.tsx";
import { clockText } from "../../time.ts";
import type { LiveAlarm } from "./live-types.ts";

/** What is wrong now, the worst first, with what to do; and what was wrong a short while ago. */
export function AlarmsPanel(o: { now: ReadonlyMap<string, LiveAlarm>; ended: ReadonlyMap<string, LiveAlarm> }) {
  const now = Array.from(o.now.values()).toSorted(
    (a, b) => Number(b.severity === "critical") - Number(a.severity === "critical") || b.since.localeCompare(a.since),
  );
  const ended = Array.from(o.ended.values()).toReversed();
  return (
    <section class="alarms" aria-labelledby="alarms-title">
      <h2 id="alarms-title" class={now.length === 0 ? "visually-hidden" : ""}>
        Alarms
      </h2>
      <div aria-live="polite" aria-relevant="additions text">
        {now.length === 0 ? (
          <p class="all-well">
            <Icon name="check" /> No alarms: every stream brings audio, all parts answer.
          </p>
        ) : (
          <ul class="alarm-list">
            {now.map((alarm) => (
              <li key={alarm.id} class={`alarm ${alarm.severity}`}>
                <Icon name="warning" />
                <div>
                  <p class="alarm-text">
                    <Badge tone={alarm.severity === "critical" ? "bad" : "warn"}>{alarm.severity}</Badge>{" "}
                    <strong>{alarm.text}</strong> <span class="hint">since {clockText(alarm.since)}</span>
                  </p>
                  <p class="alarm-remedy">
                    {alarm.remedy} {alarm.connId !== null && <a href={`#call-${alarm.connId}`}>Show the call</a>}{" "}
                    {alarm.callUuid !== null && (
                      <a href={`/calls/${encodeURIComponent(alarm.callUuid)}`}>Its journal</a>
                    )}
                  </p>
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
      {ended.length > 0 && (
        <details class="alarms-ended">
          <summary>Ended lately: {ended.length}</summary>
          <ul>
            {ended.map((alarm) => (
              <li key={`${alarm.id} ${alarm.since}`}>
                {alarm.text}{" "}
                <span class="hint">
                  {clockText(alarm.since)} to {clockText(alarm.until ?? alarm.since)}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
