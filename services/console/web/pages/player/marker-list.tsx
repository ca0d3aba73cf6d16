import { useComputed } from "@preact/signals";
import { sideTitles } from "./channel-controls.tsx";
import type { Marker } from "./markers.ts";
import { positionText } from "./moment.ts";
import type { Playback } from "./playback.ts";

/** Rows that are shown before somebody asks for all. */
const most = 200;

/** All that is marked in the waveform, as text; each with a jump. */
export function MarkerList({
  markers,
  playback,
  part,
}: {
  markers: readonly Marker[];
  playback: Playback;
  part: string | undefined;
}) {
  const current = useComputed(() => {
    const at = playback.at.value;
    return markers.findLast((marker) => marker.atMs <= at + 20)?.id;
  });
  return (
    <section class="panel" aria-labelledby="what-happened">
      <h2 id="what-happened">What happened</h2>
      {part !== undefined && <p class="hint">Shown with part 1, whose recorder knows them.</p>}
      {markers.length === 0 && part === undefined && (
        <p class="hint">
          Nothing: no pause, hold, transfer, gap or key. What happens in a call is marked in the waveform and listed
          here.
        </p>
      )}
      <ol class="marker-list">
        {markers.slice(0, most).map((marker) => (
          <li key={marker.id} class={current.value === marker.id ? "current" : ""}>
            <button
              type="button"
              class="quiet"
              onClick={() => playback.seek(marker.atMs)}
              aria-label={`Jump to ${marker.title} at ${positionText(marker.atMs)}`}
            >
              <span class="number">{positionText(marker.atMs)}</span>
            </button>
            <span class={`marker-sign ${marker.kind}`} aria-hidden="true">
              {marker.sign}
            </span>
            <span>
              {marker.title}
              {marker.side === undefined ? "" : `, ${sideTitles[marker.side].toLowerCase()}`}
              {marker.untilMs === undefined
                ? ""
                : `, ${lengthText(marker.untilMs - marker.atMs)}, until ${positionText(marker.untilMs)}`}
              {marker.detail === "" ? "" : <small> {marker.detail}</small>}
            </span>
          </li>
        ))}
      </ol>
      {markers.length > most && <p class="hint">And {markers.length - most} more: they are marked in the waveform.</p>}
    </section>
  );
}

function lengthText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : positionText(ms);
}
