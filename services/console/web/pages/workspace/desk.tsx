import { useEffect, useState } from "preact/hooks";
import { EmptyState } from "../../parts/empty-state.tsx";
import { clockText, durationText } from "../../time.ts";
import { AgentPanel } from "./agent-panel.tsx";
import { reminderText } from "./announce.ts";
import { CallCard } from "./call-card.tsx";
import { DialForm } from "./dial-form.tsx";
import { RefusalNote } from "./refusal-note.tsx";
import { pauseClock } from "./reminder.ts";
import { SaidAloud } from "./said-aloud.tsx";
import { usePauseKey } from "./use-pause-key.tsx";
import { othersText } from "./workspace-calls.ts";
import type { Workspace } from "./workspace.ts";
import { Icon } from "../../parts/icon.tsx";

const tickMs = 1000;

/** Everything of an open DN: connection, reminder, calls, a new call, the agent's state. */
export function Desk({ workspace }: { workspace: Workspace }) {
  const state = workspace.state.value;
  const { link, calls, person, ended, errors } = state;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  const pauseKey = usePauseKey(workspace);
  const paused = pauseClock(calls, now, person?.pauseReminderMs ?? Infinity);
  const ringing = Array.from(calls.values()).find((call) => call.state === "Alerting");
  useTitle(
    ringing !== undefined
      ? `☎ ${othersText(ringing)} calls`
      : paused !== undefined && paused.reminder > 0
        ? `⏸ Paused ${durationText(paused.pausedMs)}`
        : undefined,
    Math.floor(now / tickMs) % 2 === 0,
  );
  // Ringing first: it is what cannot wait.
  const shown = Array.from(calls.values()).toSorted((a, b) => rank(a.state) - rank(b.state));
  return (
    <div class="desk">
      <SaidAloud workspace={workspace} paused={paused} />
      {link.kind === "lost" && (
        <div class="desk-note bad">
          <Icon name="warning" />
          <p>
            <strong>The connection is lost.</strong> What you see is as it was at {clockText(link.since)}; your phone
            goes on. It is tried again by itself. <small>{link.reason}</small>
          </p>
        </div>
      )}
      {paused !== undefined && paused.reminder > 0 && (
        <div class={`desk-note warn reminder ${paused.reminder % 2 === 0 ? "even" : "odd"}`}>
          <Icon name="pause" />
          <p>
            <strong>Still paused.</strong> {reminderText(paused)} Resume it if the card number has been read.
          </p>
        </div>
      )}
      <div class="desk-columns">
        <section aria-label="Calls" class="calls">
          {shown.map((call) => (
            <CallCard key={call.connId} workspace={workspace} call={call} now={now} pauseKey={pauseKey.key} />
          ))}
          {shown.length === 0 && (
            <EmptyState title={link.kind === "connecting" ? "Connecting" : "No call"}>
              {link.kind === "connecting"
                ? "The telephone system is asked for your calls."
                : "A call that rings at your phone appears here. To call somebody yourself, enter their number."}
            </EmptyState>
          )}
          {ended !== undefined && shown.length === 0 && (
            <p class="ended">
              {clockText(ended.at)}: {ended.text}
            </p>
          )}
        </section>
        <div class="desk-side">
          <DialForm workspace={workspace} />
          <RefusalNote error={errors.get("call")} onDismiss={() => workspace.dismiss("call")} />
          <AgentPanel workspace={workspace} />
          {pauseKey.chooser}
        </div>
      </div>
    </div>
  );
}

function rank(state: string): number {
  return ["Alerting", "Connected", "Dialing"].indexOf(state) + 1 || 9;
}

/** The tab's title: what is urgent in turns with the usual, so that it is seen from another tab. */
function useTitle(urgent: string | undefined, turn: boolean): void {
  const usual = "Workspace · Sidetone";
  const title = urgent !== undefined && turn ? urgent : usual;
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = usual;
    };
  }, [title]);
}
