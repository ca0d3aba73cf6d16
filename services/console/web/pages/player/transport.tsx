import { useSignal } from "@preact/signals";
import { Icon } from "../../parts/icon.tsx";
import { linkTo, positionText, positionWords } from "./moment.ts";
import { speeds, type Playback } from "./playback.ts";

const speedChoices = Array.from(
  { length: (speeds.most - speeds.least) / speeds.step + 1 },
  (_, n) => speeds.least + n * speeds.step,
);

/** Play, position, speed, silence, ears, zoom and link. */
export function Transport(o: { playback: Playback; zoom: (how: "in" | "out" | "fit") => void; live: boolean }) {
  const { playback, zoom, live } = o;
  const at = playback.at.value;
  const durationMs = playback.durationMs.value;
  const playing = playback.playing.value;
  return (
    <div class="transport">
      <div class="transport-line">
        <button type="button" onClick={() => playback.seek(at - 10_000)} aria-label="−10 s, back">
          −10 s
        </button>
        <button type="button" class="primary transport-play" onClick={() => playback.toggle()}>
          <Icon name={playing ? "pause" : "play"} /> {playing ? "Pause" : "Play"}
        </button>
        <button type="button" onClick={() => playback.seek(at + 10_000)} aria-label="+10 s, forward">
          +10 s
        </button>
        <span class="number transport-time" data-ms={Math.round(at)}>
          {positionText(at)} / {positionText(durationMs)}
          {live ? " and growing" : ""}
        </span>
        <input
          class="transport-position"
          type="range"
          min="0"
          max={durationMs}
          step="100"
          value={at}
          aria-label="Position"
          aria-valuetext={`${positionWords(at)} of ${positionWords(durationMs)}`}
          onInput={(event) => playback.seek(Number(event.currentTarget.value))}
          onKeyDown={(event) => {
            const step = {
              ArrowLeft: -5000,
              ArrowDown: -5000,
              ArrowRight: 5000,
              ArrowUp: 5000,
              PageDown: -60_000,
              PageUp: 60_000,
            }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            playback.seek(playback.at.peek() + step);
          }}
        />
      </div>
      <div class="transport-line">
        <label>
          Speed{" "}
          <select
            value={String(playback.speed.value)}
            onChange={(event) => playback.setSpeed(Number(event.currentTarget.value))}
          >
            {speedChoices.map((speed) => (
              <option key={speed} value={String(speed)}>
                {speed} ×
              </option>
            ))}
          </select>
        </label>
        <label class="transport-check">
          <input
            type="checkbox"
            checked={playback.skipping.value}
            onChange={(event) => (playback.skipping.value = event.currentTarget.checked)}
          />{" "}
          Skip silence
        </label>
        <label>
          Ears{" "}
          <select
            value={playback.ears.value}
            onChange={(event) => playback.setEars(event.currentTarget.value === "own" ? "own" : "both")}
          >
            <option value="both">Both sides in both ears</option>
            <option value="own">Customer left, agent right</option>
          </select>
        </label>
        <span class="transport-zoom" role="group" aria-label="Zoom">
          <button type="button" onClick={() => zoom("out")} aria-label="Zoom out">
            −
          </button>
          <button type="button" onClick={() => zoom("fit")}>
            Whole call
          </button>
          <button type="button" onClick={() => zoom("in")} aria-label="Zoom in">
            +
          </button>
        </span>
        <CopyLink playback={playback} />
      </div>
      {playback.problem.value !== undefined && (
        <p class="field-error" role="alert">
          {playback.problem.value}
        </p>
      )}
    </div>
  );
}

/** The address of this moment, into the clipboard and into the browser's address line. */
function CopyLink({ playback }: { playback: Playback }) {
  const said = useSignal("");
  const copy = async (): Promise<void> => {
    const link = linkTo(location.href, playback.at.peek());
    history.replaceState(history.state, "", link);
    const time = positionText(playback.at.peek());
    try {
      await navigator.clipboard.writeText(link);
      said.value = `Link to ${time} copied`;
    } catch {
      said.value = `The link to ${time} is in the address line`;
    }
  };
  return (
    <span class="transport-link">
      <button type="button" onClick={() => void copy()}>
        <Icon name="link" /> Copy link to this moment
      </button>{" "}
      <small role="status">{said.value}</small>
    </span>
  );
}
