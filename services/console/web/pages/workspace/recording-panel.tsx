import { Badge, type Tone } from "../../parts/badge.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { durationText } from "../../time.ts";
import { causeText, recordingText } from "./announce.ts";
import { type CallAction, type Powers, recordingOffers } from "./call-actions.ts";
import { type PauseKey, pauseTarget } from "./pause-key.ts";
import type { AgentCall } from "./workspace-calls.ts";
import type { Workspace } from "./workspace.ts";

const tones: Readonly<Record<string, Tone>> = { On: "live", Paused: "warn" };
const icons: Partial<Record<CallAction, IconName>> = {
  pause: "pause",
  resume: "record",
  record: "record",
  stop: "stop",
};

/** The recording as `GSIP_RECORD` has it, its cause, and the large button of the pause key. */
export function RecordingPanel(o: {
  workspace: Workspace;
  call: AgentCall;
  powers: Powers;
  now: number;
  pauseKey: PauseKey;
}) {
  const { call, workspace } = o;
  const { recording } = call;
  const cause = causeText(recording);
  const byKey = pauseTarget(workspace.state.value.calls);
  const offers = recordingOffers(call, o.powers);
  const barred = offers[0]?.barred;
  return (
    <div class={`recording ${recording.state?.toLowerCase() ?? "none"}`}>
      <p class="recording-state">
        <Badge tone={recording.failure === undefined ? (tones[recording.state ?? ""] ?? "plain") : "bad"}>
          {recordingText(recording)}
        </Badge>{" "}
        {recording.state === "Paused" && <span class="number">{durationText(o.now - recording.since)}</span>}{" "}
        {cause !== undefined && <small>{cause}</small>}
      </p>
      <div class="recording-buttons">
        {offers.map(({ action, label }) => {
          const withKey = byKey?.call === call && byKey.command === action && o.pauseKey !== "none";
          const icon = icons[action];
          return (
            <button
              key={action}
              type="button"
              class={action === "pause" || action === "resume" ? `pause-button ${action}` : "quiet"}
              disabled={barred !== undefined}
              title={barred}
              aria-keyshortcuts={withKey ? o.pauseKey : undefined}
              onClick={() => void workspace.ask({ kind: "call", action, connId: call.connId })}
            >
              {icon !== undefined && <Icon name={icon} />} {label}
              {withKey && <kbd>{o.pauseKey}</kbd>}
            </button>
          );
        })}
      </div>
      {barred !== undefined && <p class="hint">{barred}</p>}
    </div>
  );
}
