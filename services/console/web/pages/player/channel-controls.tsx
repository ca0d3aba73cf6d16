import { nameOf, type Recording, type Side } from "./recording.ts";
import type { Playback } from "./playback.ts";

/** What a side is called. */
export const sideTitles: Readonly<Record<Side, string>> = { customer: "Customer", agent: "Agent" };

/** dBFS at which the meter is empty. */
const quietest = -60;

/** Name, mute, volume and meter of a side, beside its row. */
export function ChannelControls(o: { side: Side; playback: Playback; recording: Recording }) {
  const { side, playback } = o;
  const { volume, muted } = playback.loudness.value[side];
  const title = sideTitles[side];
  const who = o.recording.participants.filter((one) => one.side === side).map(nameOf);
  return (
    <div class={`wave-side ${side}`} role="group" aria-label={title}>
      <p class="wave-name">
        <span class={`wave-swatch ${side}`} aria-hidden="true" /> <strong>{title}</strong>{" "}
        <small title={who.join(", ")}>{who.slice(0, 2).join(", ")}</small>
      </p>
      <div class="wave-loudness">
        <button
          type="button"
          aria-pressed={muted}
          aria-label={`Mute ${title.toLowerCase()}`}
          onClick={() => playback.setLoudness(side, { muted: !muted })}
        >
          {muted ? "Muted" : "Mute"}
        </button>
        <input
          type="range"
          min="0"
          max="100"
          step="5"
          value={Math.round(volume * 100)}
          aria-label={`Volume of ${title.toLowerCase()}`}
          aria-valuetext={`${Math.round(volume * 100)} %`}
          onInput={(event) => playback.setLoudness(side, { volume: Number(event.currentTarget.value) / 100 })}
        />
      </div>
      <Meter side={side} playback={playback} />
    </div>
  );
}

/** What is heard of a side now, behind mute and volume. */
function Meter({ side, playback }: { side: Side; playback: Playback }) {
  const { level, hz } = playback.heard.value[side];
  const shown = Math.max(0, Math.min(1, (level - quietest) / -quietest));
  return (
    <meter
      class="wave-meter"
      min="0"
      max="1"
      value={shown}
      aria-label={`Level of ${sideTitles[side].toLowerCase()}`}
      title={shown === 0 ? "silent" : `${level.toFixed(0)} dBFS`}
      data-level={level === Number.NEGATIVE_INFINITY ? "silent" : level.toFixed(1)}
      data-hz={Math.round(hz)}
    />
  );
}
